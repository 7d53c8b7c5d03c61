"""The separator sheet of one case dossier: laid on top of its papers, it makes them the dossier's own when scanned."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.printing.faces import face_file
from scanner_intake.batches import instruction
from scanner_intake.separator_sheets import SheetWords, write_sheets


@dataclass(frozen=True)
class DossierSheet:
    """What the sheet says: the dossier's code for the machine, the rest for people."""

    code: str
    procedure: str
    applicant: str

    def to_json(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> DossierSheet:
        """Out of the pipe."""
        return cls(**json.loads(text))


def separator_pdf(sheet: DossierSheet) -> bytes:
    """One sheet as PDF/A, A4.

    Raises:
        BadInstruction: the code cannot be printed.
        FontError: no serif face with every Vietnamese letter is installed.
    """
    words = SheetWords(
        "TỜ PHÂN TÁCH",
        (
            "Đặt tờ này trước các giấy tờ của hồ sơ rồi quét vào thư mục hồ sơ.",
            f"Mã hồ sơ: {sheet.code}",
            sheet.procedure[:80],
            sheet.applicant[:60],
        ),
    )
    with tempfile.TemporaryDirectory(prefix="separator.") as folder:
        target = Path(folder) / "sheet.pdf"
        write_sheets(
            target, instruction("case-file", sheet.code, False), words, (face_file("Regular"), face_file("Bold"))
        )
        return target.read_bytes()
