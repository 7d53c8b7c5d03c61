"""``commune-box cases``: the case dossiers of the one-door desk, and the catalogue of procedures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.cli.report import procedures
from appliance.domain.zone import VIETNAM
from appliance.registers.cases import Case, CaseState, last_day_to_resubmit
from appliance.store import cases, catalogues
from appliance.wording import _, text_of
from appliance.wording.cases import CASE_STATES


@click.group("cases")
def cases_group() -> None:
    """Hồ sơ một cửa và danh mục thủ tục hành chính."""


def facts_of(case: Case) -> dict[str, Any]:
    """A dossier as plain JSON values."""
    return asdict(case) | {"received": sorted(case.received), "missing": list(case.missing)}


@cases_group.command("list")
@click.option("--state", type=click.Choice([state.value for state in CaseState]), help="Chỉ hồ sơ ở tình trạng này.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
@json_option
@click.pass_obj
def list_cases(context: Context, state: str | None, limit: int, as_json: bool) -> None:
    """Liệt kê hồ sơ, mới nhất trước.

    Ví dụ: commune-box cases list --state accepted
    """
    with opened(context) as store:
        found, counts = store.read(lambda db: (cases.listed(db, state or "", limit), cases.counts(db)))
    lines = [
        f"{one.code}  {f'{one.number}/{one.year}' if one.number else '-':>9}  {_(CASE_STATES[one.state.value]):<30} "
        f"{f'{one.due:%d/%m/%Y}' if one.due else '-':<10}  {one.procedure.name}"
        for one in found
    ]
    emit({"cases": [facts_of(one) for one in found], "counts": counts}, "\n".join(lines) or "(trống)", as_json)


@cases_group.command()
@click.argument("code")
@json_option
@click.pass_obj
def show(context: Context, code: str, as_json: bool) -> None:
    """Cho xem một hồ sơ: thành phần, ngày hẹn, cách trả kết quả, văn bản đã quét.

    Ví dụ: commune-box cases show 27007.261121.K7Q4M9
    """
    with opened(context) as store:
        case, papers = store.read(lambda db: (cases.find(db, code.upper()), cases.papers(db, code.upper())))
    if case is None:
        fail(text_of("no-such-case", case=code), ExitCode.NOT_POSSIBLE, "no-such-case")
    last = last_day_to_resubmit(case, context.config.cases.resubmit_days) if case.state is CaseState.REFUSED else None
    told = [
        (_("Tình trạng hồ sơ"), _(CASE_STATES[case.state.value])),
        (_("Thủ tục hành chính"), f"{case.procedure.code} {case.procedure.name}"),
        (_("Tên cá nhân, tổ chức"), case.applicant),
        (_("Cơ quan chuyển đến"), case.handed_on_by),
        (_("Ngày nhận hồ sơ"), f"{case.accepted_at.astimezone(VIETNAM):%d/%m/%Y}" if case.accepted_at else ""),
        (_("Ngày hẹn trả kết quả"), f"{case.due:%d/%m/%Y}" if case.due else ""),
        (_("Lý do từ chối"), case.reason),
        (_("Nộp lại được đến hết ngày {day}.").format(day=f"{last:%d/%m/%Y}") if last else "", " "),
        (_("Phương thức nhận kết quả"), case.returned_how),
        (_("Số bưu gửi"), case.tracking),
    ]
    lines = [f"{case.code}  {f'{case.number}/{case.year}' if case.number else ''}".rstrip()]
    lines += [f"  {name}: {value}".rstrip(": ") for name, value in told if name and value]
    for one in case.components:
        lines.append(f"  [{'x' if one.name in case.received else ' '}] {one.name}{'' if one.required else ' ?'}")
    lines += [f"  {paper.id}  {paper.value('subject') or paper.original_name}" for paper in papers]
    facts = facts_of(case) | {"papers": [paper.id for paper in papers], "last_day_to_resubmit": last}
    emit(facts, "\n".join(lines), as_json)


@cases_group.command("procedures")
@json_option
@click.pass_obj
def list_procedures(context: Context, as_json: bool) -> None:
    """Liệt kê danh mục thủ tục hành chính và thành phần hồ sơ của từng thủ tục.

    Ví dụ: commune-box cases procedures --json
    """
    with opened(context) as store:
        found = store.read(catalogues.procedures)
    lines = [f"{one.code:<14} {one.days:>4}  {one.name} ({len(one.components)})" for one in found]
    emit({"procedures": [asdict(one) for one in found]}, "\n".join(lines) or "(trống)", as_json)


cases_group.add_command(procedures, "import")  # as ``report procedures``: one list, from either place
