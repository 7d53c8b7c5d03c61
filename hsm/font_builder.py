"""Builds the stamp font from a system font: `python -m hsm.font_builder TARGET [--italic]`; exit 1 when none serves.

Tinos and Liberation Serif 2 have the metrics of Times New Roman. Layout features and hinting go, the rest is scaled to
1000 units per em (why: `hsm.font`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont, TTLibError
from fontTools.ttLib.scaleUpem import scale_upem

from hsm.font import UNITS_PER_EM, characters, vietnamese_letters

_FOLDER = Path("/usr/share/fonts/truetype")
SOURCES = ("croscore/Tinos-{}.ttf", "liberation2/LiberationSerif-{}.ttf", "liberation/LiberationSerif-{}.ttf")


def build(target: Path, italic: bool) -> bool:
    """Write the font from the first source that has every Vietnamese letter; False when none has."""
    wanted = {ord(letter) for letter in characters()}
    for source in SOURCES:
        try:
            face = TTFont(_FOLDER / source.format("Italic" if italic else "Regular"))
        except (OSError, TTLibError):
            continue
        if not {ord(letter) for letter in vietnamese_letters()} <= set(face.getBestCmap()):
            continue
        _shrink(face, wanted)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".new")
        os.close(handle)
        face.save(name)
        Path(name).replace(target)
        return True
    return False


def _shrink(face: TTFont, wanted: set[int]) -> None:
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "kern", "DSIG", "FFTM"]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=wanted)
    worker.subset(face)
    scale_upem(face, UNITS_PER_EM)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m hsm.font_builder")
    parser.add_argument("target", type=Path)
    parser.add_argument("--italic", action="store_true")
    given = parser.parse_args()
    return 0 if build(given.target, given.italic) else 1


if __name__ == "__main__":
    sys.exit(main())
