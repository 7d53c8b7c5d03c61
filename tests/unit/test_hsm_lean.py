"""What signs and judges starts without an HTTP client, and a client that is asked for is the real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hsm.lean import CLIENTS

ROOT = Path(__file__).parents[2]


def said(code: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["hsm.pades", "hsm.judge", "appliance.services.worker"])
def test_no_http_client_is_loaded(module: str) -> None:
    assert said(f"import sys, {module}; print('aiohttp' in sys.modules)") == "False"


def test_who_calls_a_client_gets_the_real_one() -> None:
    code = """
import hsm.verify
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator import ValidationContext
made = HTTPTimeStamper("http://127.0.0.1:9/", timeout=1)
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper as real
print(type(made) is real, type(ValidationContext(allow_fetching=True)).__name__)
"""
    assert said(code) == "True ValidationContext"
    fetching = "import hsm.verify\nfrom pyhanko_certvalidator.fetchers import _default_fetcher_backend as make\n"
    assert said(fetching + "print(type(make()).__module__)").startswith("pyhanko_certvalidator.fetchers.aiohttp")


def test_a_process_that_has_aiohttp_keeps_the_real_ones() -> None:
    code = "import aiohttp, hsm.verify\nfrom pyhanko.sign.timestamps import HTTPTimeStamper as client\n"
    assert said(code + "print(isinstance(client, type))") == "True"


@pytest.mark.parametrize("module", CLIENTS)
def test_the_stand_ins_have_every_class_that_others_import(module: str) -> None:
    """A new class of the library would be missing from its stand-in."""
    assert said(f"import aiohttp\nimport {module} as m\nprint(*sorted(m.__all__))").split() == sorted(CLIENTS[module])
