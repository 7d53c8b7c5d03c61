"""The ready alert rules: promtool checks and tests them, and every figure they ask for is one that /metrics gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sync.province import prometheus
from sync.province.metrics import metrics
from sync.province.overview import survey
from tests.integration.test_province_web import filled

FOLDER = Path(prometheus.__file__).parent
RULES, TESTS = FOLDER / "commune-alerts.yml", FOLDER / "commune-alerts.test.yml"


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    return found


def said(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_rules_are_sound(promtool: str) -> None:
    state, text = said(promtool, "check", "rules", str(RULES))
    assert state == 0, text
    assert "11 rules found" in text


def test_each_rule_fires_when_it_should_and_not_otherwise(promtool: str) -> None:
    state, text = said(promtool, "test", "rules", str(TESTS))
    assert state == 0, text


def test_the_test_notices_a_rule_that_fires_too_early(promtool: str, tmp_path: Path) -> None:
    (tmp_path / RULES.name).write_text(RULES.read_text("utf-8").replace("> 1800", "> 600"), "utf-8")
    shutil.copy(TESTS, tmp_path)
    state, text = said(promtool, "test", "rules", str(tmp_path / TESTS.name))
    assert state != 0, text


def test_every_alert_has_a_test() -> None:
    named = set(re.findall(r"- alert: (\w+)", RULES.read_text("utf-8")))
    assert named == set(re.findall(r"alertname: (\w+)", TESTS.read_text("utf-8")))


def test_every_figure_in_the_rules_is_given(tmp_path: Path) -> None:
    store, now = filled(tmp_path / "store"), time.time()
    given = set(re.findall(r"^# TYPE (\w+) gauge", metrics(survey(store, now), now), re.M))
    store.close()
    for text in (RULES, TESTS):
        asked = set(re.findall(r"\bcommune_box_\w+", text.read_text("utf-8")))
        assert asked
        assert asked <= given


def test_what_metrics_gives_is_prometheus_text(promtool: str, tmp_path: Path) -> None:
    store, now = filled(tmp_path / "store"), time.time()
    text = metrics(survey(store, now), now)
    store.close()
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
