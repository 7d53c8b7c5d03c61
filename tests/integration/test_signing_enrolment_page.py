"""The enrolment page over real tokens: what it shows, whom it lets enrol, one try for one PIN, and every refusal."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from appliance.config import load_config
from appliance.demo.pki import make_pki
from appliance.services.clock import utc_now
from appliance.store import Store
from appliance.web.enroller import _LOOK_SECONDS
from hsm import enrolment
from tests.fixtures_hsm import NAMES, PIN, ROOT, certify
from tests.fixtures_unenrolled import Box
from tests.fixtures_web import CLERK, LEADER, Visitor, visiting

AGENCY = f"<h4>{NAMES['agency']}"
"""Where the agency's certificate stands on the page; its name alone is the commune's, too."""


@dataclass
class Desk:
    """A browser at the pages of the box."""

    visitor: Visitor
    box: Box

    async def says(self, person: dict[str, str]) -> None:
        await self.visitor.become(person)

    async def page(self, path: str = "/enrolment") -> str:
        state, text = await self.visitor.get(path)
        assert state == 200, text
        return text

    async def choices(self, near: str) -> str:
        """The first thing to choose after the word `near` on the page."""
        text = await self.page()
        found = re.search(r"choose=(\w+)#chosen", text[text.index(near) :])
        assert found, text
        return found.group(1)

    async def form(self, choice: str) -> dict[str, str]:
        """The hidden fields of the form for a choice."""
        text = await self.page(f"/enrolment?choose={choice}")
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))

    async def send(self, fields: dict[str, str], pin: str = "", certificate: bytes = b"") -> str:
        """Send the form; the text of the page that tells the outcome."""
        form = FormData()
        for name, value in {**fields, "pin": pin}.items():
            form.add_field(name, value)
        if certificate:
            form.add_field("certificate", certificate, filename="chung-thu.cer")
        self.box.faults.typed += bool(pin)
        state, where, text = await self.visitor.post("/enrolment", form)
        if state != 303:
            return f"{state} {text}"
        assert "pin" not in where.lower()
        return await self.page(where)


@pytest.fixture
async def desk(enrolment_box: Box, store: Store) -> AsyncIterator[Desk]:
    async with visiting(load_config(enrolment_box.config), store, utc_now) as visitor:
        yield Desk(visitor, enrolment_box)


def alert(text: str) -> str:
    """The first alert or good news of a page."""
    found = re.search(r'<p class="notice[^>]*role="(?:alert|status)">([^<]*)', text)
    return found.group(1) if found else ""


async def test_nothing_is_loaded_for_somebody_unknown(desk: Desk) -> None:
    state, text = await desk.visitor.get("/enrolment")
    assert state == 401 and desk.box.bench.module not in text
    assert (await desk.visitor.post("/enrolment", {"slot": "agency", "pin": "1"}))[0] == 401
    assert (await desk.visitor.post("/enrolment", {"slot": "agency"}, headers={}))[0] == 403
    assert desk.box.faults.calls() == []


async def test_modules_tokens_and_certificates_with_their_keys(desk: Desk) -> None:
    desk.box.put_certificate("agency")
    desk.box.put_certificate("agency", desk.box.folder.parent / "bench" / "issuing.pem", "77")
    await desk.says(CLERK)
    text = await desk.page()
    ours = text[text.index(desk.box.bench.module) :]
    assert NAMES["agency"] in ours and "<code>02</code> · khóa công khai khớp" in ours
    assert "RSA PKCS#1 v1.5, RSA-PSS, ECDSA P-256" in ours and "SHA256_RSA_PKCS_PSS" in ours
    assert "Thiết bị không có khóa của chứng thư này" in ours, "the issuer's certificate lies there without a key"
    assert "Khóa 01 chưa có chứng thư số trên thiết bị" in ours, "the leader's token has a key alone"
    assert desk.box.faults.logins() == []


async def test_enrol_then_renew_and_the_pin_stays_nowhere(desk: Desk) -> None:
    box = desk.box
    box.put_certificate("agency")
    await desk.says(CLERK)
    form = await desk.form(await desk.choices(AGENCY))
    text = await desk.send(form, PIN["agency"])
    assert alert(text).startswith(f"Đã đăng ký {NAMES['agency']}") and "Đã ghi nhưng chưa dùng" in text
    first = enrolment.load(box.folder / "signing", "agency")
    assert first and first.present.enrolled_by == "Trần Thị Lan (văn thư)" and first.key_id == "02"
    (key,) = load_config(box.config).signer.keys
    assert (key.serial, key.certificate_sha256) == (first.token_serial, first.present.sha256)

    public = ["openssl", "x509", "-in", str(box.bench.certificates["agency"]), "-pubkey", "-noout"]
    done = subprocess.run(public, capture_output=True, check=True)
    fresh = certify(box.bench, "agency", done.stdout, days=1800)
    box.put_certificate("agency", fresh)
    text = await desk.page()
    offered = re.findall(r"choose=(\w+)#chosen", text[text.index(AGENCY) :])[:2]
    forms = [await desk.page(f"/enrolment?choose={one}") for one in offered]
    assert any("chứng thư cũ vẫn giữ trong lịch sử" in one for one in forms)
    (renewed,) = [one for one, page in zip(offered, forms, strict=True) if first.present.sha256 not in _chosen(page)]
    text = await desk.send(await desk.form(renewed), PIN["agency"])
    second = enrolment.load(box.folder / "signing", "agency")
    assert second and [one.retired_at == "" for one in second.certificates] == [True, False]
    assert second.certificates[1].sha256 == first.present.sha256 and "Chứng thư đã dùng trước đây" in text
    assert (box.folder / "signing" / second.certificates[1].file).is_file()

    written = [path for path in (*box.folder.rglob("*"), *(box.folder.parent / "r").rglob("*")) if path.is_file()]
    assert not [path for path in written if PIN["agency"].encode() in path.read_bytes()]
    assert PIN["agency"] not in text


def _chosen(page: str) -> str:
    """The card with the form."""
    start = page.index('id="chosen"')
    return page[start : page.index("</form>", start)]


async def test_a_wrong_pin_is_tried_once_however_often_the_form_comes(desk: Desk) -> None:
    box = desk.box
    box.put_certificate("agency")
    await desk.says(CLERK)
    choice = await desk.choices(AGENCY)
    form = await desk.form(choice)
    first, second = await asyncio.gather(desk.send(form, "000000"), desk.send(form, "000000"))
    assert alert(first).startswith("Mã PIN không đúng") and alert(second) == alert(first)
    assert alert(await desk.send(form, "000000")) == alert(first), "back, and sent again"
    assert len(box.faults.logins()) == 1 and box.faults.tries_left("agency") == 2
    assert "Đã có lần nhập sai mã PIN." in first

    assert alert(await desk.send(await desk.form(choice), "000000")).startswith("Mã PIN không đúng")
    text = await desk.page(f"/enrolment?choose={choice}")
    assert 'name="pin"' not in text and "Chỉ còn một lần nhập mã PIN" in text
    forged = form | {"ticket": "made-up"}
    assert alert(await desk.send(forged, PIN["agency"])).startswith("Trang này đã cũ")
    assert len(box.faults.logins()) == 2 and box.faults.tries_left("agency") == 1


async def test_a_locked_token_gets_no_form_and_no_try(desk: Desk) -> None:
    box = desk.box
    box.put_certificate("agency")
    await desk.says(CLERK)
    form = await desk.form(await desk.choices(AGENCY))
    box.faults.forgive("agency", 0)
    assert alert(await desk.send(form, PIN["agency"])).startswith("Mã PIN đã bị khóa")
    text = await desk.page(f"/enrolment?choose={form['choice']}")
    assert 'name="pin"' not in text and "Mã PIN đã bị khóa. Hãy liên hệ đơn vị cấp chứng thư." in text
    assert box.faults.logins() == []


async def test_everybody_enrols_only_the_key_they_hold(desk: Desk) -> None:
    desk.box.put_certificate("agency")
    await desk.says(LEADER)
    form = await desk.form(await desk.choices(AGENCY))
    assert form["slot"] == "leader"
    refused = await desk.send(form | {"slot": "agency"}, PIN["agency"])
    assert refused.startswith("409") and "văn thư" in refused
    assert (await desk.visitor.post("/enrolment", form | {"slot": "somebody"}))[0] == 400
    assert desk.box.faults.logins() == []


async def test_a_key_without_certificate_wants_its_own_file(desk: Desk, tmp_path: Path) -> None:
    box = desk.box
    await desk.says(LEADER)
    choice = await desk.choices("Khóa 01 chưa có chứng thư số")
    form = await desk.form(choice)
    assert alert(await desk.send(form, PIN["leader"])).startswith("Hãy chọn tệp chứng thư số")
    foreign = make_pki(utc_now())
    foreign.write(tmp_path)
    stranger = (tmp_path / "root.pem").read_bytes()
    for content, sentence in (
        (stranger, "Chứng thư số không "),
        (b"no certificate", "Không đọc được chứng thư số"),
        (bytes(40_000), "Tệp lớn hơn 32 KB"),
    ):
        assert alert(await desk.send(await desk.form(choice), PIN["leader"], content)).startswith(sentence)
    assert box.faults.logins() == [], "a file that cannot be the right one costs no login"
    other = box.bench.certificates["agency"].read_bytes()
    told = alert(await desk.send(await desk.form(choice), PIN["leader"], other))
    assert told.startswith("Không chứng thư số nào khớp với khóa trên thiết bị")
    own = box.bench.certificates["leader"].read_bytes()
    assert alert(await desk.send(await desk.form(choice), PIN["leader"], own)).startswith("Đã đăng ký")
    assert len(box.faults.logins()) == 2


async def test_a_certificate_outside_the_roots_is_shown_and_not_offered(desk: Desk, tmp_path: Path) -> None:
    box = desk.box
    box.put_certificate("agency")
    make_pki(utc_now()).write(tmp_path)
    box.settings["signer"]["roots"] = [str(tmp_path / "root.pem")]
    box.write()
    await desk.says(CLERK)
    text = await desk.page()
    ours = text[text.index(AGENCY) :]
    assert "Chứng thư số không thuộc gốc tin cậy" in ours and "Chọn chứng thư này" not in ours


async def test_a_module_that_crashes_hangs_or_is_missing_costs_its_own_lines(desk: Desk) -> None:
    box = desk.box
    await desk.says(CLERK)
    box.faults.rule("call C_GetSlotList crash=segv")
    text = await desk.page()
    assert "Mô-đun PKCS#11 bị dừng khi được xem thử" in text and text.count('class="file-name"') > 1
    box.faults.rule()
    choice_page = await desk.page("/enrolment?choose=0123456789")
    assert alert(choice_page).startswith("Thiết bị hoặc chứng thư đã chọn không còn thấy nữa")


async def test_a_token_that_left_is_told(desk: Desk) -> None:
    box = desk.box
    box.put_certificate("agency")
    await desk.says(CLERK)
    form = await desk.form(await desk.choices(AGENCY))
    box.faults.rule("unplugged 1")
    assert alert(await desk.send(form, PIN["agency"])).startswith("Thiết bị lưu khóa không cắm vào hộp")
    assert box.faults.logins() == []


def ask(box: Box, question: object, before: str = "") -> Any:
    """One question to the program, as the pages ask it; `before`: code to run in it first."""
    code = f"import sys; sys.argv[1:] = {['--config', str(box.config), 'serve', 'enrolment']!r}\n{before}\n"
    code += "from appliance.cli import main; main()"
    said = json.dumps(question).encode()
    if not before:
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=said, capture_output=True, timeout=90)
        return json.loads(done.stdout)
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=theirs.fileno(), stdout=theirs.fileno()):
        theirs.close()
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        return json.loads(ours.makefile("rb").read())


def test_only_known_modules_only_known_questions_only_our_own_callers(enrolment_box: Box, tmp_path: Path) -> None:
    (tmp_path / "evil.so").write_bytes(b"\x7fELF")
    wish = {"ask": "enrol", "slot": "agency", "module": str(tmp_path / "evil.so"), "pin": "1"}
    assert ask(enrolment_box, wish)["code"] == "module-not-known"
    assert ask(enrolment_box, wish | {"slot": "boss"})["code"] == "slot-unknown"
    known = wish | {"module": enrolment_box.bench.module}
    assert ask(enrolment_box, known | {"mechanism": "md5"})["code"] == "frame-body"
    assert ask(enrolment_box, known | {"pin": 1})["code"] == "frame-body"
    assert ask(enrolment_box, {"ask": "everything"})["code"] == "operation-unknown"
    assert ask(enrolment_box, ["look"])["code"] == "frame-body"
    assert ask(enrolment_box, {"ask": "x" * 70_000})["code"] == "frame-size"
    another = "import os; os.getuid = lambda: 54321"
    assert ask(enrolment_box, {"ask": "look"}, another)["code"] == "peer-not-allowed"
    assert enrolment_box.faults.logins() == []


@contextmanager
def systemd_like(box: Box) -> Iterator[list[int]]:
    """The socket as systemd serves it with Accept=yes: one program a connection, the connection as its standard
    streams. Gives the process ids that were started."""
    door = load_config(box.config).runtime / "enrolment.sock"
    door.parent.mkdir(parents=True, exist_ok=True)
    started: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(door))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    line, _address = listener.accept()
                except OSError:
                    return
                command = [sys.executable, "-m", "appliance", "--config", str(box.config), "serve", "enrolment"]
                with line:
                    child = subprocess.Popen(command, cwd=ROOT, stdin=line.fileno(), stdout=line.fileno())
                started.append(child.pid)
                child.wait(_LOOK_SECONDS)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield started
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


async def test_over_the_socket_that_systemd_serves(desk: Desk) -> None:
    desk.box.put_certificate("agency")
    await desk.says(CLERK)
    with systemd_like(desk.box) as started:
        form = await desk.form(await desk.choices(AGENCY))
        assert alert(await desk.send(form, PIN["agency"])).startswith("Đã đăng ký")
        assert len(started) >= 2


async def test_a_program_that_does_not_answer_is_told(desk: Desk) -> None:
    await desk.says(CLERK)
    desk.box.config.write_text("not = toml = at all")
    assert alert(await desk.page()).startswith("Phần đăng ký không trả lời")
