"""How much of what is planted in rows each check finds, and how much it takes for such that is not.

    python -m tests.benchmarks.planted [--rows 20000] [--write]

The table is printed, and with --write kept beside this file.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.datasets.planted_checks import Measured, measured

TABLE = Path(__file__).with_suffix(".md")
_INTRODUCTION = """\
# What the checks of a dataset find

Chats of 60 to 320 random words, with faults planted in known rows: copies, copies with some words replaced,
broken lines, personal data and secrets drawn in the forms of their issuers beside as many texts that only
look like them, 13 words of a test's question beside as many rows with 12. A leak is a row held out that is a
copy of a trained one, or has copies there.

    python -m tests.benchmarks.planted --write

| check | rows | planted | found | false alarms | recall | precision |
|---|---:|---:|---:|---:|---:|---:|
"""


def table(found: Iterable[Measured]) -> str:
    return _INTRODUCTION + "".join(f"| {' | '.join(_cells(one))} |\n" for one in found)


def _cells(one: Measured) -> tuple[str, ...]:
    counts = (one.rows, one.planted, one.found, one.false_alarms)
    shares = ("" if share is None else f"{share:.4f}" for share in (one.recall, one.precision))
    return one.check, *(f"{count:,}" for count in counts), *shares


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=20_000)
    options.add_argument("--write", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(measured(asked.rows, Path(folder)))
    print(text)
    if asked.write:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
