/* A PKCS#11 module for tests: hands every call on to a real module and answers otherwise where a rule file says so.
 *
 * Environment: FAULT_MODULE_REAL (path of the real module), FAULT_MODULE_RULES (rule file), FAULT_MODULE_LOG (call log,
 * one line a call). The rule file is read again whenever it was replaced; that resets the counters of its rules. Rules,
 * one a line, "#" begins a comment:
 *
 *   call FUNCTION [rv=0x..] [skip=N] [count=N] [delay=MS] [crash=segv|abort|exit] [hang=1]   C_Sign0 is the size query
 *   unplugged 1|LABEL   the token is out of the reader; taking the rule away plugs it in again
 *   sticky 1            a token that came back stays unseen until C_Finalize and C_Initialize
 *   serial LABEL TEXT   the token says another serial number
 *   pintries N          a retry counter that lives in a file beside the rules, so that no restart forgives a try
 *   alwaysauth 1        each signature wants a C_Login(CKU_CONTEXT_SPECIFIC) with the right PIN between init and sign
 *   pinpad PIN          the reader has keys of its own: C_Login without a PIN is answered as if PIN were typed there
 *   hidemech 0x..       the token lacks a mechanism      addmech 0x1044   ... or has CKM_ECDSA_SHA256 on top
 *   tokenflags 0x..     flags added to CK_TOKEN_INFO
 *
 * Log line: seconds pid tid function token-label rv in-flight [words]. "CONCURRENT" when calls overlap.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RULES 64
#define SLOTS 32
#define SESSIONS 256
#define PASS ((CK_RV)-1)

struct call_rule { char function[40]; long rv; int has_rv, skip, count, delay, hang; char crash[8]; };
struct token { CK_SLOT_ID id; char label[33]; int out, stuck, context_ok; CK_UTF8CHAR pin[64]; CK_ULONG pin_size; };
struct session { CK_SESSION_HANDLE handle; CK_SLOT_ID slot; int gone, hash_first; };

static CK_FUNCTION_LIST *real, ours;
static struct call_rule calls[RULES];
static struct token tokens[SLOTS];
static struct session sessions[SESSIONS];
static int call_rules, known_tokens, sticky, pin_tries, always_auth;
static char unplugged[33], other_serial_of[33], other_serial[17], pin_pad[64];
static unsigned long hidden_mechanism, added_mechanism, token_flags;
static atomic_int in_flight;
static struct stat rules_seen;

static void note(const char *function, CK_SLOT_ID slot, CK_RV rv, const char *format, ...);

/* --- tokens and sessions ------------------------------------------------------------------------------------------ */

static struct token *token_of(CK_SLOT_ID slot) {
    for (int i = 0; i < known_tokens; i++)
        if (tokens[i].id == slot) return &tokens[i];
    if (known_tokens == SLOTS) abort();
    struct token *found = &tokens[known_tokens++];
    memset(found, 0, sizeof *found);
    found->id = slot;
    return found;
}

static const char *label_of(CK_SLOT_ID slot) {
    struct token *token = token_of(slot);
    CK_TOKEN_INFO info;
    if (!token->label[0] && real->C_GetTokenInfo(slot, &info) == CKR_OK) {
        memcpy(token->label, info.label, 32);
        for (int i = 31; i >= 0 && (token->label[i] == ' ' || !token->label[i]); i--) token->label[i] = 0;
    }
    return token->label;
}

static int is_out(CK_SLOT_ID slot) { return token_of(slot)->out || token_of(slot)->stuck; }

static struct session *session_of(CK_SESSION_HANDLE handle) {
    for (int i = 0; i < SESSIONS; i++)
        if (sessions[i].handle == handle && handle) return &sessions[i];
    return NULL;
}

static void plug(CK_SLOT_ID slot, int out) {
    struct token *token = token_of(slot);
    if (out && !token->out) {
        real->C_CloseAllSessions(slot);
        for (int i = 0; i < SESSIONS; i++)
            if (sessions[i].handle && sessions[i].slot == slot && !sessions[i].gone) sessions[i].gone = 1;
    }
    if (!out && token->out && sticky) token->stuck = 1;
    token->out = out;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static void read_call(char *line) {
    struct call_rule *rule = &calls[call_rules++];
    char *word = strtok(line, " \t\n");
    memset(rule, 0, sizeof *rule);
    rule->count = -1;
    snprintf(rule->function, sizeof rule->function, "%s", word ? word : "");
    while ((word = strtok(NULL, " \t\n"))) {
        if (!strncmp(word, "rv=", 3)) rule->rv = strtol(word + 3, NULL, 0), rule->has_rv = 1;
        else if (!strncmp(word, "skip=", 5)) rule->skip = atoi(word + 5);
        else if (!strncmp(word, "count=", 6)) rule->count = atoi(word + 6);
        else if (!strncmp(word, "delay=", 6)) rule->delay = atoi(word + 6);
        else if (!strncmp(word, "hang=", 5)) rule->hang = atoi(word + 5);
        else if (!strncmp(word, "crash=", 6)) snprintf(rule->crash, sizeof rule->crash, "%s", word + 6);
        else { fprintf(stderr, "fault module: unknown word %s\n", word); abort(); }
    }
}

static void read_rules(void) {
    const char *path = getenv("FAULT_MODULE_RULES");
    struct stat now;
    char line[256];
    if (!path || stat(path, &now)) return;
    if (now.st_ino == rules_seen.st_ino && !memcmp(&now.st_mtim, &rules_seen.st_mtim, sizeof now.st_mtim)) return;
    rules_seen = now;
    call_rules = sticky = pin_tries = always_auth = 0;
    hidden_mechanism = added_mechanism = token_flags = 0;
    unplugged[0] = other_serial_of[0] = other_serial[0] = pin_pad[0] = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strchr(line, '#')) *strchr(line, '#') = 0;
        if (!strncmp(line, "call ", 5) && call_rules < RULES) read_call(line + 5);
        else if (sscanf(line, "unplugged %32s", unplugged) == 1) continue;
        else if (sscanf(line, "sticky %d", &sticky) == 1) continue;
        else if (sscanf(line, "serial %32s %16s", other_serial_of, other_serial) == 2) continue;
        else if (sscanf(line, "pintries %d", &pin_tries) == 1) continue;
        else if (sscanf(line, "alwaysauth %d", &always_auth) == 1) continue;
        else if (sscanf(line, "pinpad %63s", pin_pad) == 1) continue;
        else if (sscanf(line, "hidemech %lx", &hidden_mechanism) == 1) continue;
        else if (sscanf(line, "addmech %lx", &added_mechanism) == 1) continue;
        else if (sscanf(line, "tokenflags %lx", &token_flags) == 1) continue;
        else if (strspn(line, " \t\n") != strlen(line)) { fprintf(stderr, "fault module: rule %s\n", line); abort(); }
    }
    if (file) fclose(file);
}

static void plug_as_told(void) {
    CK_SLOT_ID slots[SLOTS];
    CK_ULONG count = SLOTS;
    if (real->C_GetSlotList(CK_FALSE, slots, &count) != CKR_OK) return;
    for (CK_ULONG i = 0; i < count; i++)
        plug(slots[i], !strcmp(unplugged, "1") || (unplugged[0] && !strcmp(unplugged, label_of(slots[i]))));
}

/* The answer a rule forces on a call; PASS: none. */
static CK_RV forced(const char *function, CK_SLOT_ID slot) {
    read_rules();
    if (strcmp(function, "C_Initialize")) plug_as_told();
    for (int i = 0; i < call_rules; i++) {
        struct call_rule *rule = &calls[i];
        if (strcmp(rule->function, function) || !rule->count) continue;
        if (rule->skip) { rule->skip--; continue; }
        if (rule->count > 0) rule->count--;
        if (rule->delay) usleep(rule->delay * 1000);
        if (rule->hang) { note(function, slot, 0, "hang"); for (;;) pause(); }
        if (rule->crash[0]) {
            note(function, slot, 0, "crash=%s", rule->crash);
            if (!strcmp(rule->crash, "segv")) { signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); }
            if (!strcmp(rule->crash, "abort")) abort();
            _exit(77);
        }
        return rule->has_rv ? (CK_RV)rule->rv : PASS;
    }
    return PASS;
}

/* --- PIN tries ---------------------------------------------------------------------------------------------------- */

static void tries_path(CK_SLOT_ID slot, char *path, size_t size) {
    snprintf(path, size, "%s.tries-%s", getenv("FAULT_MODULE_RULES"), label_of(slot));
}

static int tries_left(CK_SLOT_ID slot) {
    char path[512];
    int left = pin_tries;
    tries_path(slot, path, sizeof path);
    FILE *file = fopen(path, "r");
    if (file) { if (fscanf(file, "%d", &left) != 1) left = pin_tries; fclose(file); }
    return left;
}

static void keep_tries(CK_SLOT_ID slot, int left) {
    char path[512];
    tries_path(slot, path, sizeof path);
    FILE *file = fopen(path, "w");
    if (!file) abort();
    fprintf(file, "%d\n", left);
    fclose(file);
}

/* --- log ---------------------------------------------------------------------------------------------------------- */

static void note(const char *function, CK_SLOT_ID slot, CK_RV rv, const char *format, ...) {
    char line[400], words[128] = "";
    struct timespec now;
    const char *path = getenv("FAULT_MODULE_LOG");
    if (!path) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    clock_gettime(CLOCK_REALTIME, &now);
    int flying = atomic_load(&in_flight);
    const char *label = slot == (CK_SLOT_ID)-1 ? "" : label_of(slot);
    int size = snprintf(line, sizeof line, "%ld.%09ld %d %ld %s %s 0x%lx %d %s%s\n", (long)now.tv_sec, now.tv_nsec,
                        getpid(), (long)syscall(SYS_gettid), function, label[0] ? label : "-", rv, flying, words,
                        flying > 1 ? " CONCURRENT" : "");
    int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || write(log, line, size) != size) abort();
    close(log);
}

#define NO_SLOT ((CK_SLOT_ID)-1)
#define ENTER(name, slot) \
    const char *function = name; CK_SLOT_ID at = (slot); CK_RV rv; \
    atomic_fetch_add(&in_flight, 1); rv = forced(function, at)
#define LEAVE(...) do { note(function, at, rv, __VA_ARGS__); atomic_fetch_sub(&in_flight, 1); return rv; } while (0)
#define IN_SESSION(name) \
    struct session *mine = session_of(handle); ENTER(name, mine ? mine->slot : NO_SLOT); \
    if (rv == PASS && mine && mine->gone) { rv = mine->gone == 1 ? CKR_DEVICE_REMOVED : CKR_SESSION_HANDLE_INVALID; mine->gone = 2; }

/* --- the calls ---------------------------------------------------------------------------------------------------- */

static CK_RV initialize(void *arguments) {
    ENTER("C_Initialize", NO_SLOT);
    if (rv == PASS) rv = real->C_Initialize(arguments);
    for (int i = 0; i < known_tokens; i++) tokens[i].stuck = 0;
    LEAVE(" ");
}

static CK_RV finalize(void *reserved) {
    ENTER("C_Finalize", NO_SLOT);
    if (rv == PASS) rv = real->C_Finalize(reserved);
    memset(sessions, 0, sizeof sessions);
    LEAVE(" ");
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count) {
    CK_SLOT_ID all[SLOTS];
    CK_ULONG found = SLOTS, kept = 0;
    ENTER("C_GetSlotList", NO_SLOT);
    if (rv == PASS && (rv = real->C_GetSlotList(present, all, &found)) == CKR_OK) {
        for (CK_ULONG i = 0; i < found; i++)
            if (!present || !is_out(all[i])) all[kept++] = all[i];
        if (slots && *count < kept) rv = CKR_BUFFER_TOO_SMALL;
        else if (slots) memcpy(slots, all, kept * sizeof *all);
        *count = kept;
    }
    LEAVE(" ");
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info) {
    ENTER("C_GetSlotInfo", slot);
    if (rv == PASS && (rv = real->C_GetSlotInfo(slot, info)) == CKR_OK && is_out(slot)) info->flags &= ~CKF_TOKEN_PRESENT;
    LEAVE(" ");
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
    ENTER("C_GetTokenInfo", slot);
    if (rv == PASS && is_out(slot)) rv = CKR_TOKEN_NOT_PRESENT;
    if (rv == PASS && (rv = real->C_GetTokenInfo(slot, info)) == CKR_OK) {
        info->flags |= token_flags | (pin_pad[0] ? CKF_PROTECTED_AUTHENTICATION_PATH : 0);
        if (pin_tries) {
            int left = tries_left(slot);
            info->flags &= ~(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
            info->flags |= (left < pin_tries ? CKF_USER_PIN_COUNT_LOW : 0) | (left == 1 ? CKF_USER_PIN_FINAL_TRY : 0) |
                           (left <= 0 ? CKF_USER_PIN_LOCKED : 0);
        }
        if (other_serial[0] && !strcmp(other_serial_of, label_of(slot))) {
            memset(info->serialNumber, ' ', 16);
            memcpy(info->serialNumber, other_serial, strlen(other_serial));
        }
    }
    LEAVE(" ");
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count) {
    CK_MECHANISM_TYPE all[512];
    CK_ULONG found = 511, kept = 0;
    ENTER("C_GetMechanismList", slot);
    if (rv == PASS && is_out(slot)) rv = CKR_TOKEN_NOT_PRESENT;
    if (rv == PASS && (rv = real->C_GetMechanismList(slot, all, &found)) == CKR_OK) {
        for (CK_ULONG i = 0; i < found; i++)
            if (all[i] != hidden_mechanism) all[kept++] = all[i];
        if (added_mechanism) all[kept++] = added_mechanism;
        if (list && *count < kept) rv = CKR_BUFFER_TOO_SMALL;
        else if (list) memcpy(list, all, kept * sizeof *all);
        *count = kept;
    }
    LEAVE(" ");
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *given, CK_NOTIFY callback, CK_SESSION_HANDLE *handle) {
    ENTER("C_OpenSession", slot);
    if (rv == PASS && is_out(slot)) rv = CKR_TOKEN_NOT_PRESENT;
    if (rv == PASS && (rv = real->C_OpenSession(slot, flags, given, callback, handle)) == CKR_OK) {
        struct session *fresh = session_of(*handle);
        for (int i = 0; i < SESSIONS && !fresh; i++)
            if (!sessions[i].handle) fresh = &sessions[i];
        if (!fresh) abort();
        *fresh = (struct session){*handle, slot, 0, 0};
    }
    LEAVE(" ");
}

static CK_RV close_session(CK_SESSION_HANDLE handle) {
    IN_SESSION("C_CloseSession");
    if (rv == PASS) rv = real->C_CloseSession(handle);
    if (rv == CKR_OK && mine) mine->handle = 0;
    LEAVE(" ");
}

static CK_RV login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size) {
    IN_SESSION("C_Login");
    if (rv == PASS && pin_pad[0] && !size) pin = (CK_UTF8CHAR *)pin_pad, size = strlen(pin_pad);
    if (rv == PASS && pin_tries && tries_left(at) <= 0) rv = CKR_PIN_LOCKED;
    if (rv == PASS) {
        struct token *token = token_of(at);
        if (user == CKU_CONTEXT_SPECIFIC) {
            int right = size == token->pin_size && !memcmp(pin, token->pin, size);
            token->context_ok = right;
            rv = right ? CKR_OK : CKR_PIN_INCORRECT;
        } else if ((rv = real->C_Login(handle, user, pin, size)) == CKR_OK && size <= sizeof token->pin) {
            memcpy(token->pin, pin, size);
            token->pin_size = size;
        }
        if (pin_tries && rv == CKR_PIN_INCORRECT) keep_tries(at, tries_left(at) - 1);
        if (pin_tries && rv == CKR_OK) keep_tries(at, pin_tries);
    }
    LEAVE("user=%lu", user);
}

static CK_RV logout(CK_SESSION_HANDLE handle) {
    IN_SESSION("C_Logout");
    if (rv == PASS) rv = real->C_Logout(handle);
    LEAVE(" ");
}

static CK_RV find_objects_init(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *wanted, CK_ULONG count) {
    IN_SESSION("C_FindObjectsInit");
    if (rv == PASS) rv = real->C_FindObjectsInit(handle, wanted, count);
    LEAVE(" ");
}

static CK_RV find_objects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *found, CK_ULONG room, CK_ULONG *count) {
    IN_SESSION("C_FindObjects");
    if (rv == PASS) rv = real->C_FindObjects(handle, found, room, count);
    LEAVE(" ");
}

static CK_RV find_objects_final(CK_SESSION_HANDLE handle) {
    IN_SESSION("C_FindObjectsFinal");
    if (rv == PASS) rv = real->C_FindObjectsFinal(handle);
    LEAVE(" ");
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *wanted, CK_ULONG count) {
    IN_SESSION("C_GetAttributeValue");
    if (rv == PASS) rv = real->C_GetAttributeValue(handle, object, wanted, count);
    for (CK_ULONG i = 0; always_auth && rv == CKR_OK && i < count; i++)
        if (wanted[i].type == CKA_ALWAYS_AUTHENTICATE && wanted[i].pValue && wanted[i].ulValueLen == 1)
            *(CK_BBOOL *)wanted[i].pValue = CK_TRUE;
    LEAVE(" ");
}

static CK_RV sign_init(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
    CK_MECHANISM bare = {CKM_ECDSA, NULL, 0};
    IN_SESSION("C_SignInit");
    if (rv == PASS && hidden_mechanism && mechanism->mechanism == hidden_mechanism) rv = CKR_MECHANISM_INVALID;
    if (rv == PASS) {
        int hashes = added_mechanism && mechanism->mechanism == added_mechanism;
        token_of(at)->context_ok = 0;
        if (mine) mine->hash_first = hashes;
        rv = real->C_SignInit(handle, hashes ? &bare : mechanism, key);
    }
    LEAVE("mechanism=0x%lx", mechanism->mechanism);
}

static uint32_t turn(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* SHA-256 (FIPS 180-4) of a short message, with the constants computed as the standard defines them. */
static void sha256(const CK_BYTE *message, size_t size, CK_BYTE *digest) {
    uint32_t k[64], h[8], w[64];
    int primes = 0;
    for (int n = 2; primes < 64; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n; d++) prime &= n % d != 0;
        if (!prime) continue;
        long double cube = 1, square = 1;
        for (int i = 0; i < 100; i++) cube -= (cube * cube * cube - n) / (3 * cube * cube), square -= (square * square - n) / (2 * square);
        k[primes] = (uint32_t)((cube - (uint32_t)cube) * 4294967296.0L);
        if (primes < 8) h[primes] = (uint32_t)((square - (uint32_t)square) * 4294967296.0L);
        primes++;
    }
    size_t padded = (size + 9 + 63) / 64 * 64;
    CK_BYTE *block = calloc(1, padded);
    memcpy(block, message, size);
    block[size] = 0x80;
    for (int i = 0; i < 8; i++) block[padded - 1 - i] = (CK_BYTE)((uint64_t)size * 8 >> (8 * i));
    for (size_t at = 0; at < padded; at += 64) {
        for (int i = 0; i < 16; i++) {
            CK_BYTE *b = block + at + 4 * i;
            w[i] = (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        }
        for (int i = 16; i < 64; i++)
            w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
                   (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
        uint32_t v[8];
        memcpy(v, h, sizeof v);
        for (int i = 0; i < 64; i++) {
            uint32_t first = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
            uint32_t second = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof *v);
            v[4] += first;
            v[0] = first + second;
        }
        for (int i = 0; i < 8; i++) h[i] += v[i];
    }
    free(block);
    for (int i = 0; i < 32; i++) digest[i] = (CK_BYTE)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static CK_RV sign(CK_SESSION_HANDLE handle, CK_BYTE *content, CK_ULONG size, CK_BYTE *signature, CK_ULONG *room) {
    CK_BYTE digest[32];
    IN_SESSION(signature ? "C_Sign" : "C_Sign0");
    if (rv == PASS && signature && always_auth && !token_of(at)->context_ok) rv = CKR_USER_NOT_LOGGED_IN;
    if (signature) token_of(at)->context_ok = 0;
    if (rv == PASS && mine && mine->hash_first) sha256(content, size, digest), content = digest, size = 32;
    if (rv == PASS) rv = real->C_Sign(handle, content, size, signature, room);
    LEAVE(" ");
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
    if (!real) {
        const char *path = getenv("FAULT_MODULE_REAL");
        void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        CK_RV (*get)(CK_FUNCTION_LIST **) = module ? (CK_RV(*)(CK_FUNCTION_LIST **))dlsym(module, "C_GetFunctionList") : NULL;
        if (!get || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
        ours = *real;
        ours.C_GetFunctionList = C_GetFunctionList;
        ours.C_Initialize = initialize;
        ours.C_Finalize = finalize;
        ours.C_GetSlotList = get_slot_list;
        ours.C_GetSlotInfo = get_slot_info;
        ours.C_GetTokenInfo = get_token_info;
        ours.C_GetMechanismList = get_mechanism_list;
        ours.C_OpenSession = open_session;
        ours.C_CloseSession = close_session;
        ours.C_Login = login;
        ours.C_Logout = logout;
        ours.C_FindObjectsInit = find_objects_init;
        ours.C_FindObjects = find_objects;
        ours.C_FindObjectsFinal = find_objects_final;
        ours.C_GetAttributeValue = get_attribute_value;
        ours.C_SignInit = sign_init;
        ours.C_Sign = sign;
    }
    *list = &ours;
    return CKR_OK;
}
