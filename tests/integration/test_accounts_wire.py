"""What an office tells of its books, over a real mosquitto: from the box's rows to the province's and the look-up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance import casework
from appliance.registers.catalogues import procedures
from appliance.registers.workdays import WorkingDays
from appliance.services.accounting import Bookkeeper
from appliance.store import Store, catalogues
from sync.accounting import AccountLine
from sync.protocol.account import CaseState, code_digest
from sync.province import installation
from sync.province.pki import key_id
from sync.province.store import ProvinceStore
from sync.province.store.account_rows import AccountRows, CaseAt
from sync.uplink import Uplink, UplinkConfig
from sync.wire_identity import SigningKey
from tests.fakes.outbox import FakeOutbox
from tests.fixtures_province import BOX, Installation
from tests.fixtures_province_down import wait_for
from tests.fixtures_reports import Office, in_one_go
from tests.fixtures_web import office_config

NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
LIST = "code,name,field,days,components\n1.001,Khai sinh,Hộ tịch,5,Tờ khai\n"


@contextmanager
def box(site: Installation, root: Path) -> Iterator[AccountLine]:
    """A box whose uplink says what is put into the line."""
    files, public = root / "files", SigningKey.load(site.folder.receipt_key).public
    installation.enrol(site.folder, BOX, "UBND xã Tân Phú", files, dt.datetime.now(dt.UTC))
    line = AccountLine(BOX, SigningKey.load(files / "device.key").sign)
    config = UplinkConfig(
        BOX, "127.0.0.1", site.port, files / "ca.pem", files / "client.pem", files / "client.key", files / "device.key",
        {key_id(public): public}, root / "uplink.json", outbox_seconds=0.2, backoff_most=0.3,
    )  # fmt: skip
    stop = threading.Event()
    uplink = Uplink(config, FakeOutbox(), on_link=lambda state: line.linked(state.connected), companions=[line])
    thread = threading.Thread(target=uplink.run, args=(stop,), daemon=True)
    thread.start()
    yield line
    stop.set()
    uplink.wake()
    thread.join(15)
    assert not thread.is_alive()


def test_from_the_boxs_books_to_the_look_up_also_over_a_province_that_was_away(
    province_site: Installation, store: Store, tmp_path: Path
) -> None:
    config = office_config(tmp_path)
    config = dataclasses.replace(config, box=dataclasses.replace(config.box, id=BOX))
    in_one_go(store, one_day)
    store.write(lambda db: catalogues.import_procedures(db, procedures(LIST), "Lan", NOW))
    case = casework.open_case(store, BOX, "1.001", "Lò Thị Khuyên", "", "Lan", NOW)
    with box(province_site, tmp_path) as line:
        keeper = Bookkeeper(config, store, line)
        keeper.look(NOW)  # nobody receives yet
        there, _end = province_site.receive()
        rows = AccountRows(there.connection)
        wait_for(lambda: rows.case(BOX, code_digest(case.code)) is not None, 30)
        wait_for(lambda: rows.periods(BOX) == ["2026-11", "2026"], 30)
        told = rows.of_period("2026-11")[BOX].figures
        assert (told["in.total"], told["out.total"], told["out.leader"], told["out.agency"]) == (3, 2, 2, 1)
        assert rows.of_period("2026")[BOX].figures["di.numbers"] == 2
        case = casework.tick(store, case.code, 1, frozenset({"Tờ khai"}), "Lan", NOW)
        casework.accept(store, case.code, case.version, "Lan", NOW + dt.timedelta(minutes=5), WorkingDays())
        keeper.look(NOW + dt.timedelta(minutes=10))
        wait_for(lambda: state(there, case.code) is CaseState.ACCEPTED, 30)
        assert rows.case(BOX, code_digest(case.code)) == CaseAt(CaseState.ACCEPTED, day(22), day(27))
        assert there.fleet.observations() == [], "nothing odd was noticed"


def one_day(office: Office) -> None:
    office.scans(3, NOW)
    office.letters(1, NOW)
    office.letters(1, NOW, agency=False)


def state(there: ProvinceStore, code: str) -> CaseState | None:
    found = AccountRows(there.connection).case(BOX, code_digest(code))
    return found.state if found else None


def day(number: int) -> int:
    return (dt.date(2026, 11, number) - dt.date(1970, 1, 1)).days
