"""`python -m sync.province` is `commune-province`."""

from __future__ import annotations

from sync.province.cli import main

if __name__ == "__main__":
    main(prog_name="commune-province")
