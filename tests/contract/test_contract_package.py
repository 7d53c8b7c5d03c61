"""What a box writes beside a document and what the province reads there: one shape, held from both sides."""

from __future__ import annotations

from dataclasses import replace

from appliance.domain.documents import FieldValue
from appliance.domain.states import State
from appliance.pipeline.sending import package_meta
from sync.province.checking import EXPECTED_SLOTS, field_value, secrecy_marked
from tests.fixtures_store import in_state


def test_the_province_reads_the_fields_that_the_box_sends() -> None:
    document = in_state(State.SIGNED)
    document = replace(document, fields={"subject": FieldValue("Về việc đường xã"), "code": FieldValue("12/UBND-VP")})
    meta = package_meta(document)
    assert field_value(meta, "subject") == "Về việc đường xã"
    assert field_value(meta, "code") == "12/UBND-VP"
    assert meta["kind"] in EXPECTED_SLOTS
    assert not secrecy_marked(meta)


def test_the_second_lock_sees_a_secrecy_field_that_the_box_sends() -> None:
    document = replace(in_state(State.SIGNED), fields={"secrecy": FieldValue("mat")})
    assert secrecy_marked(package_meta(document))
