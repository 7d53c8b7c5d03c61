"""``commune-box timestamps``: where the papers' long-term proof stands, and the stick for a box without a line.

``extend`` works alone, on any signed file; the province runs it on what arrives.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from appliance.cli.context import Context
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.pipeline.longterm_courier import Carried, Courier
from appliance.pipeline.longterm_trust import revocation_lists, signer_trust, stamp_trust
from appliance.services.clock import utc_now
from appliance.services.longterm import ListKeeper, make_upgrading, stamp_client
from appliance.store import Store, StoreFull, open_store
from appliance.store import longterm as rows
from appliance.wording import _, text_of
from hsm.gathering import EvidenceError, Gatherer
from hsm.longterm import Schedule, due, standing_of
from hsm.trust import Trust, TrustError
from hsm.tsa import Pace, StampClient, TsaError
from hsm.upgrade import Step, Upgrader, UpgradeRefused

folder_argument = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
file_type = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def timestamps() -> None:
    """Dấu thời gian và giá trị lâu dài của chữ ký số.

    Ví dụ: commune-box timestamps show
    """


@timestamps.command()
@json_option
@click.pass_obj
def show(context: Context, as_json: bool) -> None:
    """Văn bản nào chờ dấu thời gian, hạn đến bao giờ.

    Ví dụ: commune-box timestamps show --json
    """
    store = _store(context)
    try:
        found = store.read(rows.standing)
    finally:
        store.close()
    levels = {level: sum(one.level == level for one in found) for level in ("B-B", "B-T", "B-LT", "B-LTA")}
    lines = [_("Mức chữ ký: {levels}").format(levels=", ".join(f"{name} {count}" for name, count in levels.items()))]
    lines += [_line(one) for one in found if one.given_up or one.level != "B-LTA"]
    emit({"levels": levels, "papers": [_facts(one) for one in found]}, "\n".join(lines), as_json)


@timestamps.command()
@click.argument("document")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Tệp kết quả.")
@json_option
@click.pass_obj
def save(context: Context, document: str, output: Path, as_json: bool) -> None:
    """Ghi ra tệp bản có nhiều chứng cứ nhất của văn bản DOCUMENT: bắt đầu bằng đúng bản đã gửi.

    Ví dụ: commune-box timestamps save 01hq3 -o vanban-lta.pdf
    """
    store = _store(context)
    try:
        found = store.read(lambda db: rows.find(db, document))
        if found is None:
            fail(text_of("no-such-document", document_id=document), ExitCode.NOT_POSSIBLE, "no-such-document")
        shutil.copyfile(store.blobs.existing(found.sha256), output)
    except OSError as error:
        fail(_("Không ghi được: {detail}").format(detail=error), ExitCode.FAILED, "not-written")
    finally:
        store.close()
    emit(
        {**_facts(found), "sha256": found.sha256},
        _("Mức {level}: {path}").format(level=found.level, path=output),
        as_json,
    )


@timestamps.command()
@click.option("--limit", default=20, show_default=True, help="Làm nhiều nhất bấy nhiêu bước.")
@json_option
@click.pass_obj
def run(context: Context, limit: int, as_json: bool) -> None:
    """Làm ngay các bước đến hạn, khi có mạng: dấu thời gian, dữ liệu thu hồi.

    Ví dụ: commune-box timestamps run
    """
    store = _store(context)
    try:
        lists = _trusted(lambda: revocation_lists(context.config))
        client = stamp_client(context.config)
        upgrading = make_upgrading(context.config, store, client, lists)
        fetched = ListKeeper(context.config, lists).once()
        upgrading.adopt()
        before = {one.document_id: one.level for one in store.read(rows.standing)}
        for _turn in range(limit):
            if upgrading.once() != 0.0:
                break
        after = store.read(rows.standing)
    except StoreFull as error:
        fail(text_of("store-full"), ExitCode.FAILED, str(error))
    finally:
        store.close()
    raised = [one for one in after if before.get(one.document_id) != one.level]
    text = _("Đã nâng mức {count} văn bản; tải {lists} danh sách thu hồi.").format(count=len(raised), lists=fetched)
    emit({"raised": [_facts(one) for one in raised], "lists": fetched}, text, as_json)


@timestamps.command("export")
@folder_argument
@json_option
@click.pass_obj
def export(context: Context, folder: Path, as_json: bool) -> None:
    """Ghi yêu cầu dấu thời gian (.tsq) ra FOLDER, ví dụ một USB. Không có nội dung văn bản nào ra khỏi hộp.

    Ví dụ: commune-box timestamps export /media/usb/dau-thoi-gian
    """
    store = _store(context)
    try:
        made = _courier(context, store).export(folder, context.config.box.id, utc_now())
    except OSError as error:
        fail(_("Không ghi được: {detail}").format(detail=error), ExitCode.FAILED, "not-written")
    finally:
        store.close()
    text = _("Đã ghi {count} yêu cầu. Hãy mang đến nơi có mạng, lấy tệp trả lời .tsr rồi chạy timestamps import.")
    facts = {"folder": folder, "requests": [{"document": one.document_id, "file": one.name + ".tsq"} for one in made]}
    emit(facts, text.format(count=len(made)), as_json)


@timestamps.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
@click.pass_obj
def import_(context: Context, folder: Path, as_json: bool) -> None:
    """Nhận các trả lời (.tsr) từ FOLDER: mỗi trả lời được kiểm tra với đúng tệp của văn bản rồi mới gắn vào.

    Ví dụ: commune-box timestamps import /media/usb/dau-thoi-gian
    """
    store = _store(context)
    try:
        policies = context.config.longterm.tsa_policies
        taken = _courier(context, store).take_in(folder, policies, utc_now())
    except OSError as error:
        fail(_("Không đọc được: {detail}").format(detail=error), ExitCode.BAD_INPUT, "not-read")
    finally:
        store.close()
    results = [{"document": one.document_id, "result": one.result, "code": one.code} for one in taken]
    emit({"answers": results}, "\n".join(map(_told, taken)) or _("Không có trả lời nào cho văn bản của hộp."), as_json)
    if any(one.result == "refused" for one in taken):
        raise SystemExit(int(ExitCode.NOT_VALID))


@timestamps.command()
@click.argument("file", type=file_type)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Tệp kết quả.")
@click.option("--trust", "roots", multiple=True, type=file_type, help="Chứng thư gốc của người ký (PEM).")
@click.option("--intermediate", "intermediates", multiple=True, type=file_type, help="CA trung gian.")
@click.option("--tsa", "urls", multiple=True, help="Địa chỉ dịch vụ dấu thời gian.")
@click.option("--tsa-trust", "stamp_roots", multiple=True, type=file_type, help="Chứng thư gốc của dịch vụ.")
@click.option("--seconds", default=180.0, show_default=True, help="Chờ mỗi dịch vụ nhiều nhất bấy lâu.")
@json_option
def extend(
    file: Path,
    output: Path,
    roots: tuple[Path, ...],
    intermediates: tuple[Path, ...],
    urls: tuple[str, ...],
    stamp_roots: tuple[Path, ...],
    seconds: float,
    as_json: bool,
) -> None:
    """Làm bước kế tiếp trên một tệp đã ký và ghi ra tệp mới; tệp cũ giữ nguyên. Không cần cài đặt hộp.

    Ví dụ: commune-box timestamps extend a.pdf -o b.pdf --trust ca.pem --tsa http://tsa.ca.gov.vn --json
    """
    trust = _trusted(lambda: Trust.from_files(roots, intermediates))
    stamps = _trusted(lambda: Trust.from_files(stamp_roots or roots, intermediates))
    client = StampClient(urls, stamps, Pace(10, 60.0), seconds)
    upgrader = Upgrader(trust, stamps, client.stamp, Gatherer(trust, stamps, seconds))
    now = utc_now()
    try:
        step = due(standing_of(file, now), Schedule()).step
        (upgrader.stamp if step is Step.STAMP else upgrader.evidence)(file, output, now)
        standing = standing_of(output, now)
    except (TsaError, EvidenceError, UpgradeRefused) as error:
        fail(text_of(error.code, detail=error.detail), _EXTEND_EXIT.get(type(error), ExitCode.FAILED), error.code)
    except (OSError, ValueError) as error:
        fail(_("Không đọc được: {detail}").format(detail=error), ExitCode.BAD_INPUT, "not-read")
    following = due(standing, Schedule())
    facts = {
        "level": standing.level,
        "step": following.step,
        "not_before": following.not_before.isoformat(),
        "deadline": following.deadline.isoformat(),
        "lost_after": following.lost_after.isoformat(),
    }
    emit(facts, _("Đã lên mức {level}.").format(level=standing.level), as_json)


_EXTEND_EXIT: dict[type[Exception], ExitCode] = {UpgradeRefused: ExitCode.NOT_VALID}


def _store(context: Context) -> Store:
    return open_store(context.config.database, context.config.blobs)


def _courier(context: Context, store: Store) -> Courier:
    config = context.config
    signers, stamps = _trusted(lambda: signer_trust(config)), _trusted(lambda: stamp_trust(config))
    upgrading = make_upgrading(config, store, stamp_client(config), revocation_lists(config))
    return Courier(store, config.box.state_dir / "longterm" / "courier", upgrading, signers, stamps)


def _trusted(read: Any) -> Any:
    try:
        return read()
    except TrustError as error:
        fail(_("Không đọc được chứng thư: {detail}").format(detail=error.detail), ExitCode.CONFIGURATION, error.code)


def _facts(one: rows.Proof) -> dict[str, Any]:
    times = {name: getattr(one, name) for name in ("proven_at", "stamped_at", "not_before", "deadline", "lost_after")}
    return {
        "document": one.document_id,
        "level": one.level,
        "step": one.step,
        **{name: value.isoformat() if isinstance(value, datetime) else None for name, value in times.items()},
        "error": one.last_error,
        "given_up": one.given_up,
    }


def _line(one: rows.Proof) -> str:
    when = one.deadline.date().isoformat()
    if one.given_up:
        return _("{document}: {level}, không làm tiếp được: {error}").format(
            document=one.document_id, level=one.level, error=_error(one.last_error)
        )
    line = _("{document}: {level}, bước kế tiếp trước ngày {when}").format(
        document=one.document_id, level=one.level, when=when
    )
    return f"{line} ({_error(one.last_error)})" if one.last_error else line


def _error(told: str) -> str:
    code, _colon, detail = told.partition(": ")
    return text_of(code, detail=detail)


def _told(one: Carried) -> str:
    words = {
        "applied": _("đã gắn dấu thời gian"),
        "superseded": _("tệp đã đổi, không cần nữa"),
        "refused": _("bị từ chối: {reason}").format(reason=text_of(one.code, detail="") if one.code else ""),
    }
    return f"{one.document_id}: {words[one.result]}"
