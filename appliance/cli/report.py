"""``commune-box report``: the report of a period as text, JSON or a file; import of the lists that it counts."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.domain.zone import VIETNAM
from appliance.printing.child import draw
from appliance.printing.report_sheet import report_sheet
from appliance.registers import catalogues as lists
from appliance.reports.periods import KINDS, asked
from appliance.reports.shares import COMMUNE_BASE, WARD_BASE
from appliance.reports.tables import report
from appliance.services.clock import utc_now
from appliance.store import catalogues
from appliance.store.report_facts import facts_of
from appliance.wording import _, text_of

_by = click.option("--by", default=lambda: f"cli:{getpass.getuser()}", show_default="người dùng hệ thống")
_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group("report")
def report_group() -> None:
    """Báo cáo văn bản, ký số, thời hạn; danh mục thủ tục và chứng thư số."""


@report_group.command()
@click.option("--period", type=click.Choice(KINDS), default=None, help="Mặc định: tháng này.")
@click.option("--year", type=click.IntRange(1901, 2199))
@click.option("--number", type=click.IntRange(1, 12), help="Tháng hoặc quý thứ mấy.")
@click.option("--from", "since", default="", help="YYYY-MM-DD")
@click.option("--to", "until", default="", help="YYYY-MM-DD")
@click.option("--cut", default="", help="Tính đến giờ này (HH:MM) của ngày cuối.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Tệp .pdf, .xlsx hoặc .csv.")
@json_option
@click.pass_obj
def show(
    context: Context,
    period: str | None,
    year: int | None,
    number: int | None,
    since: str,
    until: str,
    cut: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Báo cáo một tháng, quý, năm hoặc từ ngày đến ngày.

    Ví dụ: commune-box report show --from 2024-08-01 --to 2024-08-08 --cut 11:00 -o bao-cao.pdf
    """
    now, box = utc_now(), context.config.box
    said = {
        "period": period or "", "year": str(year or ""), "number": str(number or ""), "from": since, "to": until,
        "cut": cut,
    }  # fmt: skip
    try:
        which = asked({name: value for name, value in said.items() if value}, now.astimezone(VIETNAM).date())
    except ValueError:
        fail(text_of("bad-period"), ExitCode.USAGE, "bad-period")
    form = output.suffix.lower().lstrip(".") if output else ""
    if output and form not in ("pdf", "xlsx", "csv"):
        fail(_("Chỉ ghi được tệp .pdf, .xlsx hoặc .csv."), ExitCode.USAGE, "unknown-form")
    with opened(context) as store:
        facts = store.read(lambda db: facts_of(db, which))
    base = WARD_BASE if "phường" in box.commune.lower() else COMMUNE_BASE
    active_days = context.config.reports.active_days
    found = report(facts, which, context.config.working_days(), now.astimezone(VIETNAM).date(), base, active_days)
    sheet = report_sheet(found, box.commune, now)
    if output:
        output.write_bytes(draw(f"report.{form}", sheet.to_json()))
    lines = [sheet.title, sheet.period]
    for table in sheet.tables:
        lines += ["", table.title, *(f"  {label:<58} {count:>10} {share:>9}" for label, count, share in table.lines)]
    told: dict[str, Any] = {
        table.key: [
            {"key": line.key, "label": line.label, "count": line.count, "percent": line.share} for line in table.lines
        ]
        for table in found.tables
    }
    facts_told = {
        "since": which.since.isoformat(),
        "until": which.until.isoformat(),
        "tables": told,
        "points": found.points,
    }
    emit(facts_told | {"file": str(output) if output else None}, str(output) if output else "\n".join(lines), as_json)


@report_group.command()
@_file
@_by
@json_option
@click.pass_obj
def procedures(context: Context, file: Path, by: str, as_json: bool) -> None:
    """Nhập danh mục thủ tục hành chính (CSV: code,name,field,days,components; thành phần cách nhau bằng |).

    Ví dụ: commune-box report procedures thu-tuc.csv
    """
    found = _listed(file, lists.procedures)
    with opened(context) as store:
        count = store.write(lambda db: catalogues.import_procedures(db, found, by, utc_now()))
    emit({"procedures": count}, f"{count}", as_json)


@report_group.command()
@_file
@_by
@json_option
@click.pass_obj
def certificates(context: Context, file: Path, by: str, as_json: bool) -> None:
    """Nhập danh sách chứng thư số đã cấp (CSV: holder,kind,serial,issuer,issued_on,expires_on,revoked_on).

    Ví dụ: commune-box report certificates chung-thu.csv
    """
    found = _listed(file, lists.certificates)
    with opened(context) as store:
        count = store.write(lambda db: catalogues.import_certificates(db, found, by, utc_now()))
    emit({"certificates": count}, f"{count}", as_json)


def _listed(file: Path, read: Any) -> Any:
    try:
        return read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        fail(text_of("list-encoding"), ExitCode.BAD_INPUT, "list-encoding")
    except lists.ListRefused as refused:
        fail(text_of(refused.code, line=refused.line, detail=refused.detail), ExitCode.BAD_INPUT, refused.code)
