/* One bitonal page as an embedded JBIG2 stream: one lossless generic region (ITU-T T.88, clauses 6.2, 7.4.6, Annex E).
 *
 * Owns the coded bytes and nothing else: no files, no allocation, no text. Template 0 with its nominal adaptive pixels
 * and typical prediction; never symbol or lossy coding, which can exchange one digit for another.
 *
 * Built by `python -m scanner_intake.jbig2 --build`; scanner_intake/jbig2.py falls back to CCITT G4 without it.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Table E.1: Qe, next index after an MPS, after an LPS, and whether the LPS exchanges the sense of the MPS. */
typedef struct {
    uint16_t qe;
    uint8_t nmps, nlps, swap;
} state_row;

static const state_row STATES[47] = {
    {0x5601, 1, 1, 1},    {0x3401, 2, 6, 0},    {0x1801, 3, 9, 0},    {0x0AC1, 4, 12, 0},   {0x0521, 5, 29, 0},
    {0x0221, 38, 33, 0},  {0x5601, 7, 6, 1},    {0x5401, 8, 14, 0},   {0x4801, 9, 14, 0},   {0x3801, 10, 14, 0},
    {0x3001, 11, 17, 0},  {0x2401, 12, 18, 0},  {0x1C01, 13, 20, 0},  {0x1601, 29, 21, 0},  {0x5601, 15, 14, 1},
    {0x5401, 16, 14, 0},  {0x5101, 17, 15, 0},  {0x4801, 18, 16, 0},  {0x3801, 19, 17, 0},  {0x3401, 20, 18, 0},
    {0x3001, 21, 19, 0},  {0x2801, 22, 19, 0},  {0x2401, 23, 20, 0},  {0x2201, 24, 21, 0},  {0x1C01, 25, 22, 0},
    {0x1801, 26, 23, 0},  {0x1601, 27, 24, 0},  {0x1401, 28, 25, 0},  {0x1201, 29, 26, 0},  {0x1101, 30, 27, 0},
    {0x0AC1, 31, 28, 0},  {0x09C1, 32, 29, 0},  {0x08A1, 33, 30, 0},  {0x0521, 34, 31, 0},  {0x0441, 35, 32, 0},
    {0x02A1, 36, 33, 0},  {0x0221, 37, 34, 0},  {0x0141, 38, 35, 0},  {0x0111, 39, 36, 0},  {0x0085, 40, 37, 0},
    {0x0049, 41, 38, 0},  {0x0025, 42, 39, 0},  {0x0015, 43, 40, 0},  {0x0009, 44, 41, 0},  {0x0005, 45, 42, 0},
    {0x0001, 45, 43, 0},  {0x5601, 46, 46, 0},
};

typedef struct {
    uint32_t a, c;
    int ct;
    uint8_t *out;
    size_t used, room;
    int full, first;
    uint8_t b; /* the byte that may still take a carry */
    uint8_t contexts[65536]; /* index << 1 | MPS */
} coder;

static void put(coder *e, uint8_t byte) {
    if (e->used < e->room) e->out[e->used++] = byte;
    else e->full = 1;
}

/* BYTEOUT of E.2.6; the byte before the first one exists only for the carry and is dropped. */
static void byte_out(coder *e) {
    int stuff = e->b == 0xFF && !e->first;
    if (!stuff && e->c >= 0x8000000) {
        e->b++;
        e->c &= 0x7FFFFFF;
        stuff = e->b == 0xFF;
    }
    if (!e->first) put(e, e->b);
    e->first = 0;
    if (stuff) {
        e->b = (uint8_t)(e->c >> 20);
        e->c &= 0xFFFFF;
        e->ct = 7;
    } else {
        e->b = (uint8_t)(e->c >> 19);
        e->c &= 0x7FFFF;
        e->ct = 8;
    }
}

static void renormalise(coder *e) {
    do {
        e->a <<= 1;
        e->c <<= 1;
        if (--e->ct == 0) byte_out(e);
    } while (!(e->a & 0x8000));
}

static inline void encode(coder *e, uint32_t context, int bit) {
    uint8_t *slot = &e->contexts[context];
    const state_row *row = &STATES[*slot >> 1];
    int mps = *slot & 1;
    e->a -= row->qe;
    if (bit == mps) {
        if (e->a & 0x8000) {
            e->c += row->qe;
            return;
        }
        if (e->a < row->qe) e->a = row->qe;
        else e->c += row->qe;
        *slot = (uint8_t)(row->nmps << 1 | mps);
    } else {
        if (e->a < row->qe) e->c += row->qe;
        else e->a = row->qe;
        *slot = (uint8_t)(row->nlps << 1 | (mps ^ row->swap));
    }
    renormalise(e);
}

/* `count` white pixels in a row, each amid white: the same decision over and over, so its cost is multiplied. */
static void encode_white(coder *e, int32_t count) {
    while (count > 0) {
        const uint8_t slot = e->contexts[0];
        const uint32_t qe = STATES[slot >> 1].qe;
        uint32_t plain = slot & 1 ? 0 : (e->a - 0x8000) / qe; /* so many leave the interval without renormalising */
        if (plain > (uint32_t)count) plain = (uint32_t)count;
        e->a -= plain * qe;
        e->c += plain * qe;
        count -= (int32_t)plain;
        if (count-- > 0) encode(e, 0, 0);
    }
}

static void flush(coder *e) {
    uint32_t limit = e->c + e->a;
    e->c |= 0xFFFF;
    if (e->c >= limit) e->c -= 0x8000;
    e->c <<= e->ct;
    byte_out(e);
    e->c <<= e->ct;
    byte_out(e);
    if (e->b != 0xFF) put(e, e->b);
    put(e, 0xFF);
    put(e, 0xAC);
}

static void put32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

#define PAD 16 /* white beyond both ends of a row: enough for the widest look ahead */
#define WIDEST 65535

/* Rows as 0 and 1 with white on both sides, so that no pixel asks where the row ends. */
typedef struct {
    uint8_t cells[3][WIDEST + 2 * PAD];
} rows;

static inline uint64_t eight(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* How many pixels from x on, in eights, are white with nothing but white in sight; what lies left of x is white. */
static int32_t white_ahead(const uint8_t *row, const uint8_t *above, const uint8_t *above2, int32_t x, int32_t width) {
    int32_t from = x;
    while (x + 8 <= width && !(eight(row + x) | eight(above + x + 3) | eight(above2 + x + 2))) x += 8;
    return x - from;
}

static void code_row(coder *e, const uint8_t *row, const uint8_t *above, const uint8_t *above2, int32_t width) {
    /* Three shift registers: x-2..x+2 two rows up, x-3..x+3 one row up, x-4..x-1 in this row. */
    uint32_t far = (uint32_t)(above2[0] << 1 | above2[1]);
    uint32_t near = (uint32_t)(above[0] << 2 | above[1] << 1 | above[2]);
    uint32_t left = 0;
    for (int32_t x = 0; x < width; x++) {
        if (!(far | near | left)) {
            int32_t white = white_ahead(row, above, above2, x, width);
            encode_white(e, white);
            x += white;
            if (x == width) break;
        }
        far = (far << 1 | above2[x + 2]) & 0x1F;
        near = (near << 1 | above[x + 3]) & 0x7F;
        int bit = row[x];
        encode(e, far << 11 | near << 4 | left, bit);
        left = (left << 1 | (uint32_t)bit) & 0xF;
    }
}

/* Codes `pixels` (one byte a pixel, anything but 0 is black) into `out`; returns the length, 0 when it does not fit. */
size_t jbig2_page(const uint8_t *pixels, int32_t width, int32_t height, uint32_t per_metre_x, uint32_t per_metre_y,
                  uint8_t *out, size_t room) {
    static const uint8_t REGION[9] = {0x08, 3, 0xFF, 0xFD, 0xFF, 2, 0xFE, 0xFE, 0xFE}; /* flags, adaptive pixels */
    static _Thread_local coder e;
    const size_t head = 11 + 19 + 11 + 26;
    if (width <= 0 || width > WIDEST || height <= 0 || room < head + 16) return 0;
    memset(&e, 0, sizeof e);
    e.a = 0x8000;
    e.ct = 12;
    e.first = 1;
    e.out = out;
    e.room = room;
    e.used = head;
    int last = 0;
    static _Thread_local rows r;
    memset(&r, 0, sizeof r);
    for (int32_t y = 0; y < height && !e.full; y++) {
        const uint8_t *source = pixels + (size_t)y * (size_t)width;
        uint8_t *row = r.cells[y % 3] + PAD;
        const uint8_t *above = r.cells[(y + 2) % 3] + PAD, *above2 = r.cells[(y + 1) % 3] + PAD;
        for (int32_t x = 0; x < width; x++) row[x] = source[x] != 0;
        int same = memcmp(row, above, (size_t)width) == 0;
        encode(&e, 0x9B25, same ^ last);
        last = same;
        if (!same) code_row(&e, row, above, above2, width);
    }
    flush(&e);
    if (e.full) return 0;
    memset(out, 0, head);
    out[4] = 48; /* segment 0: page information */
    out[6] = 1;
    put32(out + 7, 19);
    put32(out + 11, (uint32_t)width);
    put32(out + 15, (uint32_t)height);
    put32(out + 19, per_metre_x);
    put32(out + 23, per_metre_y);
    out[27] = 1; /* lossless */
    put32(out + 30, 1); /* segment 1: immediate lossless generic region */
    out[34] = 39;
    out[36] = 1;
    put32(out + 37, (uint32_t)(e.used - head) + 26);
    put32(out + 41, (uint32_t)width);
    put32(out + 45, (uint32_t)height);
    memcpy(out + 58, REGION, sizeof REGION);
    return e.used;
}
