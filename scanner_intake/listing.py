"""What lies in a drop folder: the files that may be papers, with what the file system says of them.

Owns walking: hidden, temporary and partial names, links, pipes and devices are passed over; a sub-folder is read when
the configuration says so. It opens no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scanner_intake.claim import is_steady, shape_from
from scanner_intake.custody import DropFolder
from scanner_intake.settle import Shape, ignored

_DEEPEST = 8


def papers(folder: DropFolder, base: Path, skipped: list[OSError]) -> Iterator[tuple[Path, Shape]]:
    """Every candidate under `base` (the drop folder or one of its places), sub-folders after the files.

    A sub-folder that cannot be read is put into `skipped` and does not stop the rest. Raises: OSError when `base`
    itself cannot be read.
    """
    yield from _listed(folder, base, 0, skipped)


def _listed(folder: DropFolder, base: Path, depth: int, skipped: list[OSError]) -> Iterator[tuple[Path, Shape]]:
    with os.scandir(base) as entries:
        named = [entry for entry in entries if not ignored(entry.name)]
    deeper = []
    for entry in named:
        path = Path(entry.path)
        try:
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST and folder.reads(path):
                    deeper.append(path)
                continue
            shape = shape_from(entry.stat(follow_symlinks=False), is_steady(folder))
        except (FileNotFoundError, PermissionError):
            continue
        if shape is not None:
            yield path, shape
    for path in sorted(deeper):
        try:
            yield from _listed(folder, path, depth + 1, skipped)
        except FileNotFoundError:
            continue
        except OSError as error:
            skipped.append(error)
