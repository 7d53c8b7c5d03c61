"""The page of the first setting up: each step's true state, from rows and findings, and where it is done."""

from __future__ import annotations

import dataclasses
import re
import shutil
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from appliance import clock_check
from appliance.accounts import acts
from appliance.config import Config, SyncSection
from appliance.domain.kinds import Kind
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.web.people import SECURE_COOKIE
from tests.fixtures_store import Clock
from tests.fixtures_web import ADMINISTRATOR, CLERK, LEADER, Papers, Visitor, signed_in, visiting


def steps(text: str) -> dict[str, tuple[bool, str]]:
    """Name of a step → whether it is shown as done, and its whole text."""
    found = {}
    for item in re.findall(r'<li class="card step.*?</li>', text, re.S):
        name = re.search(r"</span> ([^<]+)</h2>", item)
        assert name, item
        found[name.group(1)] = ("step-done" in item, item)
    return found


async def shown(visitor: Visitor) -> dict[str, tuple[bool, str]]:
    await visitor.become(ADMINISTRATOR)
    state, text = await visitor.get("/setup")
    assert state == 200
    return steps(text)


async def test_people_count_when_they_are_there_and_not_blocked(
    stranger: Visitor, store: Store, web_clock: Clock
) -> None:
    before = await shown(stranger)
    assert not before["Người dùng"][0] and "văn thư, lãnh đạo" in before["Người dùng"][1]
    for who in (CLERK, LEADER):
        signed_in(store, who, web_clock())
    assert (await shown(stranger))["Người dùng"][0]
    leader = next(one for one in store.read(rows.listed) if one.name == LEADER["person"])
    acts.block(store, leader.id, "x", web_clock())
    after = await shown(stranger)
    assert not after["Người dùng"][0] and "Chưa có: lãnh đạo" in after["Người dùng"][1]


async def test_recovery_codes_count_while_enough_are_left(stranger: Visitor, store: Store, web_clock: Clock) -> None:
    assert not (await shown(stranger))["Mã khôi phục của quản trị"][0]
    (administrator,) = store.read(rows.administrators)
    acts.give_recovery_codes(store, administrator, "x", web_clock())
    done, text = (await shown(stranger))["Mã khôi phục của quản trị"]
    assert done and "còn 10 mã" in text


async def test_a_folder_counts_when_a_scan_came_through_it_and_not_while_it_is_away(
    stranger: Visitor, office: Config, office_papers: Papers
) -> None:
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Chưa thử: Văn bản đến, Văn bản đi" in text
    office_papers.received()
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Chưa thử: Văn bản đi" in text
    office_papers.received(kind=Kind.OUTGOING)
    assert (await shown(stranger))["Thư mục nhận bản quét"][0]
    shutil.rmtree(office.folders[0].path)
    done, text = (await shown(stranger))["Thư mục nhận bản quét"]
    assert not done and "Không có thư mục nhận bản quét" in text


async def test_a_wrong_clock_is_said(stranger: Visitor, web_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check, "kept_by", lambda: ("unknown", None))  # not this machine's
    assert (await shown(stranger))["Đồng hồ"][0]
    web_clock.now = web_clock.now.replace(year=2020)
    await stranger.become({})
    done, text = (await shown(stranger))["Đồng hồ"]
    assert not done and "Đồng hồ của hộp sai" in text


async def test_what_the_configuration_lacks_is_said_with_the_command(
    stranger: Visitor, store: Store, office: Config, web_clock: Clock
) -> None:
    found = await shown(stranger)
    assert not found["Ghi danh với tỉnh"][0] and 'href="/setup/province"' in found["Ghi danh với tỉnh"][1]
    assert not found["Thiết bị ký số"][0] and "Chữ ký của lãnh đạo" in found["Thiết bị ký số"][1]
    assert not found["Tên xã, tên tỉnh"][0]
    named = dataclasses.replace(office, box=dataclasses.replace(office.box, province="UBND tỉnh Thượng Giang"))
    async with visiting(named, store, web_clock) as other:
        assert (await shown(other))["Tên xã, tên tỉnh"][0]


async def test_the_steps_go_on_where_they_were_left(stranger: Visitor, store: Store, web_clock: Clock) -> None:
    async def go_on() -> str:
        _, text = await stranger.get("/setup")
        found = re.search(r'href="([^"]+)" id="go-on"', text)
        assert found, text
        return found.group(1)

    await stranger.become(ADMINISTRATOR)
    assert await go_on() == "/setup/commune"
    await stranger.post("/setup/commune", {"commune": "UBND xã Mới", "province": "UBND tỉnh Thượng Giang"})
    assert await go_on() != "/setup/commune"


async def test_the_province_page_says_how_the_box_stands(
    stranger: Visitor, store: Store, office: Config, web_clock: Clock, tmp_path: Path
) -> None:
    await stranger.become(ADMINISTRATOR)
    _, text = await stranger.get("/setup/province")
    assert "chưa ghi danh" in text and "commune-box enrol" in text and "commune-27007" in text
    for name, days, said in (
        ("commune-27007", 30, "Đã ghi danh với tên commune-27007"),
        ("commune-27008", 30, "mang tên commune-27008, nhưng hộp này là commune-27007"),
        ("commune-27007", -1, "đã hết hạn"),
    ):
        file = certificate(tmp_path / "client.pem", name, (), web_clock() + timedelta(days=days))
        sync = SyncSection("mqtt.example", file, file, file, file)
        async with visiting(dataclasses.replace(office, sync=sync), store, web_clock) as visitor:
            await visitor.become(ADMINISTRATOR)
            _, text = await visitor.get("/setup/province")
            assert said in text and "mqtt.example:8883" in text and "--again" in text


async def test_the_page_about_tls_compares_the_certificate_with_the_address_in_use(
    stranger: Visitor, store: Store, office: Config, web_clock: Clock, tmp_path: Path
) -> None:
    await stranger.become(ADMINISTRATOR)
    _, text = await stranger.get("/setup/pages")
    assert "ai cùng mạng cũng đọc được" in text and "page-certificate commune-27007 --host hop" in text
    for hosts, days, said in (
        (("hop", "192.168.1.10"), 30, "đúng địa chỉ bạn đang mở"),
        (("hop.local",), 30, "chứng thư không ghi địa chỉ này"),
        (("hop",), -1, "đã hết hạn"),
    ):
        file = certificate(tmp_path / "pages.pem", "x", hosts, web_clock() + timedelta(days=days))
        section = dataclasses.replace(office.web, certificate=file, key=file, ca=file)
        async with visiting(dataclasses.replace(office, web=section), store, web_clock) as visitor:
            session_id, _token = signed_in(store, ADMINISTRATOR, web_clock())
            visitor.session.cookie_jar.update_cookies({SECURE_COOKIE: session_id}, URL("http://hop/"))
            _, text = await visitor.get("/setup/pages")
            assert said in text and 'href="/ca"' in text and hosts[0] in text


def certificate(file: Path, name: str, hosts: tuple[str, ...], ends: datetime) -> Path:
    """A self-made certificate with these names and this end."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
    )
    if hosts:
        shown = [x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in hosts]
        made = made.add_extension(x509.SubjectAlternativeName(shown), critical=False)
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file
