"""Commands of the edXML bridge: run, once, list, retry, answer."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from sync.edxml.checking import report_flaws
from sync.edxml.packet import Packet, Processing, ProcessingReport
from sync.edxml.reading import read
from sync.province.bridge.bridging import AlreadyBridging, Bridge, Round
from sync.province.bridge.exchange import Exchange, FolderExchange
from sync.province.bridge.ledger import Ledger, Outgoing
from sync.province.bridge.lgsp import LgspExchange
from sync.province.bridge.places import Places
from sync.province.bridge.receiving import answer_key, report_on
from sync.province.bridge.settings import LGSP, Settings, load
from sync.province.cli.answering import (
    ExitCode,
    Failure,
    bad_settings,
    dir_option,
    emit,
    fail,
    help_text,
    json_option,
    open_store,
    w,
)
from sync.province.config import BadConfig, Folder
from sync.province.wording import _

SENTENCES: Mapping[str, str] = {
    "edxml-no-office": _("Chưa khai cơ quan của hộp {detail}; thêm [edxml.boxes.{detail}] vào province.toml."),
    "no-document": _("Không còn văn bản này trong sổ của tỉnh."),
    "bytes-missing": _("Mất nội dung của văn bản: {detail}"),
    "edxml-missing": _("Thiếu thành phần bắt buộc: {detail}"),
    "edxml-too-long": _("Thành phần dài quá mức cho phép: {detail}"),
    "edxml-future-date": _("Ngày ban hành ở tương lai: {detail}"),
    "edxml-duplicate-receiver": _("Một nơi nhận được ghi hai lần: {detail}"),
    "edxml-no-packet": _("Không phải gói edXML: {detail}"),
    "edxml-too-large": _("Gói edXML quá lớn: {detail}"),
    "xml-malformed": _("Tệp XML hỏng: {detail}"),
    "xml-doctype": _("Tệp XML có khai báo DOCTYPE, không được đọc."),
    "xml-too-large": _("Tệp XML có quá nhiều phần tử: {detail}"),
    "lgsp-10": _("Trục báo tệp không hợp lệ: {detail}"),
    "lgsp-15": _("Trục báo sai mã hệ thống hoặc khóa bí mật; sửa system_id hoặc tệp khóa."),
    "lgsp-18": _("Trục không biết nơi nhận; đăng ký cơ quan nhận rồi thử lại."),
    "lgsp-19": _("Cơ quan gửi chưa đăng ký trên trục; đăng ký rồi thử lại."),
    "lgsp-20": _("Trục báo lỗi hệ thống: {detail}"),
    "lgsp-21": _("Trục không xử lý được tệp: {detail}"),
    "lgsp-22": _("Trục báo edXML sai: {detail}"),
    "lgsp-23": _("Cơ quan nhận đang bị khóa trên trục."),
    "answer-unclear": _("Trục trả lời không rõ, có thể đã nhận; kiểm tra trên trục trước khi thử lại. {detail}"),
}
_STATES = {
    "waiting": _("chờ gửi"),
    "made": _("đang gửi"),
    "gone": _("đã gửi"),
    "failed": _("bị từ chối"),
    "person": _("chờ người xử lý"),
}


def sentence(code: str, detail: str) -> str:
    """A code of the bridge as a sentence for people; an unknown one as it is."""
    text = SENTENCES.get(code)
    return w.say(text).format(detail=detail).strip() if text else f"{code} {detail}".strip()


@click.group(
    help=help_text(
        _("Cầu nối edXML (QCVN 102:2016): văn bản đã nhận ra gói edXML, gói và trạng thái đến được đọc vào."),
        "commune-province edxml once --dir tinh",
    )
)
def edxml() -> None:
    """The group."""


def _settings(directory: Path) -> tuple[Folder, Settings, Places]:
    folder = Folder(directory)
    try:
        settings = load(folder.settings)
    except BadConfig as error:
        raise bad_settings(error) from error
    return folder, settings, Places(folder.resolve(settings.folder))


def _bridge(directory: Path) -> tuple[Bridge, Settings]:
    folder, settings, places = _settings(directory)
    return Bridge(open_store(folder), settings, places, _exchange(folder, settings, places), sentence), settings


def _exchange(folder: Folder, settings: Settings, places: Places) -> Exchange:
    if settings.exchange != LGSP:
        return FolderExchange(places)
    try:
        secret = folder.resolve(settings.secret_file).read_text("utf-8").strip()
    except OSError as error:
        raise Failure(f"{error}", ExitCode.CONFIGURATION) from error
    return LgspExchange(settings, secret, places, folder.resolve(settings.ca) if settings.ca else None)


@edxml.command(
    help=help_text(
        _("Chạy cầu nối cho đến khi được dừng: gửi văn bản mới nhận, đọc gói đến."),
        "commune-province edxml run --dir tinh",
    )
)
@dir_option
def run(directory: Path) -> None:
    """Bridge until told to stop."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    bridge, settings = _bridge(directory)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        bridge.run(stop, settings.poll if settings.exchange == LGSP else 5.0)
    except AlreadyBridging:
        fail(_("Đang có một cầu nối khác trên thư mục này."), ExitCode.NOT_POSSIBLE)
    finally:
        bridge.close()


@edxml.command(
    help=help_text(
        _("Gửi và nhận một lượt rồi thôi; mã thoát 8 nếu có gói không gửi được."),
        "commune-province edxml once --dir tinh --json",
    )
)
@dir_option
@json_option
def once(directory: Path, as_json: bool) -> None:
    """Rounds until nothing more goes."""
    bridge, _settings = _bridge(directory)
    done = Round()
    try:
        with bridge.alone():
            while True:
                each = bridge.once(time.time())
                done.sent, done.failed = done.sent + each.sent, done.failed + each.failed
                done.received, done.waiting_for = done.received + each.received, each.waiting_for
                if each.waiting_for or not each.sent + each.failed:
                    break
        counts = bridge.ledger.counts()
    except AlreadyBridging:
        fail(_("Đang có một cầu nối khác trên thư mục này."), ExitCode.NOT_POSSIBLE)
    finally:
        bridge.close()
    text = w.say(_("Đã gửi {sent}, không gửi được {failed}, đã đọc {received}.")).format(**vars(done))
    if done.waiting_for:
        text += " " + w.say(_("Còn chờ: {why}")).format(why=sentence(done.waiting_for, ""))
    emit({**vars(done), "states": counts}, text, as_json)
    if done.failed or done.waiting_for:
        sys.exit(ExitCode.PROBLEMS_FOUND)


@edxml.command(
    "list",
    help=help_text(
        _("Liệt kê gói đi theo trạng thái, và gói đến."),
        "commune-province edxml list --dir tinh --state person",
    ),
)
@dir_option
@click.option("--state", type=click.Choice(list(_STATES)), default=None, help=w.say(_("Chỉ gói đi ở trạng thái này.")))
@json_option
def list_packets(directory: Path, state: str | None, as_json: bool) -> None:
    """What went out, what waits, what came."""
    places = _settings(directory)[2]
    ledger = Ledger(places.root / "edxml.sqlite")
    outgoing, arrivals = ledger.outgoing(state or ""), () if state else ledger.arrivals()
    lines = [_line(each) for each in outgoing]
    lines += [
        f"{w.moment(each.read_at)}  {each.kind:<7} {each.sha256[:16]}  {each.sender}  {each.code}  {each.text}"
        for each in arrivals
    ]
    facts = {
        "outgoing": [{key: value for key, value in vars(each).items() if key != "content"} for each in outgoing],
        "arrivals": [vars(each) for each in arrivals],
        "states": ledger.counts(),
    }
    ledger.close()
    emit(facts, "\n".join(lines) or w.say(_("Chưa có gói nào.")), as_json)


def _line(each: Outgoing) -> str:
    said = f"  {sentence(each.code, each.detail)}" if each.code else ""
    return f"{each.rid:>8}  {w.say(_STATES[each.state]):<16} {each.key}  {each.identifier}{said}"


@edxml.command(
    help=help_text(
        _("Thử lại gói bị từ chối hoặc chờ người xử lý, sau khi đã sửa nguyên nhân."),
        "commune-province edxml retry commune-27007/01970f3e-… --dir tinh",
    )
)
@click.argument("key", required=False, default="")
@click.option("--all", "every", is_flag=True, help=w.say(_("Mọi gói như vậy.")))
@dir_option
@json_option
def retry(key: str, every: bool, directory: Path, as_json: bool) -> None:
    """Try anew."""
    if bool(key) == every:
        fail(_("Cho biết một gói, hoặc --all."), ExitCode.BAD_INPUT)
    places = _settings(directory)[2]
    ledger = Ledger(places.root / "edxml.sqlite")
    count = ledger.retry(key, time.time())
    ledger.close()
    if key and not count:
        fail(_("Không có gói nào như vậy đang chờ."), ExitCode.BAD_INPUT)
    emit({"retried": count}, w.say(_("{count} gói sẽ được gửi lại.")).format(count=count), as_json)


@edxml.command(
    help=help_text(
        _("Trả trạng thái của một gói đến (QĐ 28/2018): 02 từ chối (kèm lý do), 03 tiếp nhận, 04, 05, 06, 15, 16."),
        "commune-province edxml answer 3f2a… --code 02 --reason 'Sai nơi nhận' --dir tinh",
    )
)
@click.argument("packet")
@click.option("--code", required=True, type=click.Choice([each.value for each in Processing if not each.by_sender]))
@click.option("--reason", default="", help=w.say(_("Lý do, bắt buộc khi từ chối.")))
@dir_option
@json_option
def answer(packet: str, code: str, reason: str, directory: Path, as_json: bool) -> None:
    """Queue a status about an arrival, named by the start of its digest."""
    _folder, settings, places = _settings(directory)
    ledger = Ledger(places.root / "edxml.sqlite")
    found = [each for each in ledger.arrivals(100_000) if each.kind == "edoc" and each.sha256.startswith(packet)]
    if len(found) != 1 or len(packet) < 8:
        fail(_("Không có gói đến nào như vậy, hoặc có nhiều hơn một."), ExitCode.BAD_INPUT)
    said = read((places.received / found[0].sha256[:32] / "packet.edxml").read_bytes()).packet
    assert isinstance(said, Packet)
    office = settings.boxes.get(found[0].box, settings.office)
    content = report_on(said, office, Processing(code), reason, time.time())
    report = read(content).packet
    if isinstance(report, ProcessingReport) and report_flaws(report):
        fail(_("Trạng thái này phải kèm lý do."), ExitCode.BAD_INPUT)
    fresh = ledger.queue(answer_key(found[0].sha256, Processing(code)), content, time.time())
    ledger.close()
    if not fresh:
        fail(_("Trạng thái này đã được trả trước đó."), ExitCode.NOT_POSSIBLE)
    emit({"packet": found[0].sha256, "code": code}, w.say(_("Trạng thái sẽ được gửi.")), as_json)
