"""sqlite-utils as the store uses it: without numpy.

The library imports numpy where it finds it, to know the types of columns that it may be asked to make for numpy's
values. The box has numpy for its pictures and never stores such a value: without this every process, the pages' too,
would hold 13 MB more. A process that has numpy already keeps it.
"""

from __future__ import annotations

import sys

if "numpy" not in sys.modules:
    sys.modules["numpy"] = None  # type: ignore[assignment]  # an import of it now fails, as where it is not installed
    try:
        import sqlite_utils
        from sqlite_utils.migrations import Migrations
    finally:
        del sys.modules["numpy"]
else:
    import sqlite_utils
    from sqlite_utils.migrations import Migrations

__all__ = ["Migrations", "sqlite_utils"]
