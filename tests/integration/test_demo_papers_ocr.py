"""The generated papers as foreign programs see them: Tesseract reads their words, Poppler and qpdf accept the files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from appliance.demo import demo_texts, papers


def needs(program: str) -> str:
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is missing")
    return found


def counted(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFC", text)))


def printed_words(paper: papers.Paper) -> Counter[str]:
    """Every word that is printed in toner; the red words of stamps and seals are no part of it."""
    parts = (
        paper.issuer,
        paper.parent_issuer,
        "Số",
        paper.code,
        paper.place,
        "ngày tháng năm",
        paper.type_name.upper(),
    )
    parts += ("" if paper.type_name else "V/v", paper.subject, *paper.addressees, *paper.body, *paper.recipients)
    parts += (paper.signer_authority, paper.signer_position, paper.signer_name, "Nơi nhận")
    return counted(" ".join((*parts, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập Tự do Hạnh phúc")))


@pytest.mark.parametrize("paper", [demo_texts.LETTER, demo_texts.PROPOSAL, demo_texts.REPORT], ids=lambda p: p.key)
def test_tesseract_reads_a_good_scan(paper: papers.Paper, tmp_path: Path) -> None:
    tesseract = needs("tesseract")
    read: Counter[str] = Counter()
    for number, page in enumerate(papers.render(paper, 200, "A")):
        papers.write_png(page, tmp_path / f"{number}.png", 200)
        command = [tesseract, str(tmp_path / f"{number}.png"), "-", "-l", "vie"]
        quiet = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        read += counted(subprocess.run(command, check=True, capture_output=True, text=True, env=quiet).stdout)
    wanted = printed_words(paper)
    missed = wanted - read
    assert missed.total() / wanted.total() <= 0.05, sorted(missed)


def test_poppler_and_qpdf_accept_a_scan_and_refuse_its_half(tmp_path: Path) -> None:
    pdfinfo, pdftotext, qpdf = needs("pdfinfo"), needs("pdftotext"), needs("qpdf")
    decision, cut = papers.demo_papers()[0], papers.demo_papers()[5]
    decision.write(tmp_path / "whole.pdf")
    cut.write(tmp_path / "cut.pdf")
    facts = subprocess.run([pdfinfo, str(tmp_path / "whole.pdf")], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Pages:\s+3", facts)
    assert re.search(r"Page size:\s+595\.276 x 841\.89 pts \(A4\)", facts)
    text = subprocess.run(
        [pdftotext, str(tmp_path / "whole.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert text.strip() == ""
    assert subprocess.run([qpdf, "--check", str(tmp_path / "whole.pdf")], capture_output=True).returncode == 0
    assert subprocess.run([qpdf, "--check", str(tmp_path / "cut.pdf")], capture_output=True).returncode != 0
    assert b"%%EOF" not in (tmp_path / "cut.pdf").read_bytes()
