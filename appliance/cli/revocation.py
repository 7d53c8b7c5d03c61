"""``commune-box revocation``: the lists of revoked certificates at hand; fetched, or brought in on a stick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from appliance.cli.context import Context
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.pipeline.longterm_trust import list_addresses, revocation_lists
from appliance.services.clock import utc_now
from appliance.wording import _, text_of
from hsm.revocation import KeptList, ListRefused, RevocationLists
from hsm.trust import TrustError


@click.group()
def revocation() -> None:
    """Danh sách chứng thư bị thu hồi (CRL) mà hộp đang có.

    Ví dụ: commune-box revocation show
    """


@revocation.command()
@json_option
@click.pass_obj
def show(context: Context, as_json: bool) -> None:
    """Danh sách nào đang có, còn hiệu lực đến bao giờ.

    Ví dụ: commune-box revocation show --json
    """
    now = utc_now()
    kept = _lists(context).kept()
    lines = [_line(one, one.fresh(now)) for one in kept] or [text_of("revocation-none")]
    emit({"lists": [_facts(one, one.fresh(now)) for one in kept]}, "\n".join(lines), as_json)


@revocation.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def import_(context: Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Nhận danh sách từ tệp .crl (DER hoặc PEM), cho hộp không có mạng.

    Ví dụ: commune-box revocation import /media/usb/cp.crl
    """
    lists, now = _lists(context), utc_now()
    _finish([_tried(str(path), lambda path=path: lists.keep(path.read_bytes(), now)) for path in files], as_json)


@revocation.command()
@click.option("--seconds", default=60.0, show_default=True, help="Chờ mỗi địa chỉ nhiều nhất bấy lâu.")
@json_option
@click.pass_obj
def fetch(context: Context, seconds: float, as_json: bool) -> None:
    """Tải ngay các danh sách từ địa chỉ ghi trong chứng thư và cấu hình.

    Ví dụ: commune-box revocation fetch
    """
    lists, now = _lists(context), utc_now()
    found = list_addresses(context.config)
    _finish([_tried(url, lambda url=url: lists.fetch(url, now, seconds)) for url in found], as_json)


def _lists(context: Context) -> RevocationLists:
    try:
        return revocation_lists(context.config)
    except TrustError as error:
        fail(_("Không đọc được chứng thư: {detail}").format(detail=error.detail), ExitCode.CONFIGURATION, error.code)


def _tried(source: str, take: Any) -> tuple[str, KeptList | ListRefused]:
    try:
        return source, take()
    except ListRefused as error:
        return source, error
    except OSError as error:
        return source, ListRefused("list-unreadable", str(error))


def _finish(results: list[tuple[str, KeptList | ListRefused]], as_json: bool) -> None:
    facts, lines, now = [], [], utc_now()
    for source, result in results:
        if isinstance(result, KeptList):
            facts.append({"source": source, "taken": True, **_facts(result, result.fresh(now))})
            lines.append(_line(result, result.fresh(now)))
        else:
            reason = text_of(result.code, detail=result.detail)
            facts.append({"source": source, "taken": False, "code": result.code, "text": reason})
            lines.append(f"{source}: {reason}")
    emit({"lists": facts}, "\n".join(lines) or _("Không có địa chỉ danh sách nào."), as_json)
    if any(not fact["taken"] for fact in facts):
        raise SystemExit(int(ExitCode.FAILED))


def _facts(one: KeptList, fresh: bool) -> dict[str, Any]:
    return {
        "issuer": one.issuer,
        "issued": one.issued.isoformat(),
        "until": one.until.isoformat(),
        "revoked": one.revoked,
        "fresh": fresh,
    }


def _line(one: KeptList, fresh: bool) -> str:
    told = _("còn hiệu lực") if fresh else _("đã hết hạn")
    return _("{issuer}: phát hành {issued}, {told}, đến {until}, {count} chứng thư bị thu hồi").format(
        issuer=one.issuer, issued=one.issued.date(), told=told, until=one.until.date(), count=one.revoked
    )
