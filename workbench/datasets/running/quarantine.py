"""Rows that were set aside: a line of JSON for each, with its place, the reason, and what could be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from workbench.datasets.plain import plain_row
from workbench.datasets.row import Origin, Rejection, Row

_EXAMPLES, _MOST_LETTERS = 3, 600
_encode_json = msgspec.json.Encoder(enc_hook=str).encode


class Rule(Struct):
    """Of a line, what it was set aside by."""

    rule: str


class Quarantined(Struct, frozen=True, omit_defaults=True):
    """One line."""

    file: str
    line: int
    rule: str
    reason: str
    row: Any = None


def quarantined(origin: Origin, why: Rejection, row: object) -> bytes:
    """The line that tells of a row set aside; `row` is a Row, or what was read where that means none."""
    told = plain_row(row) if isinstance(row, Row) else row
    return _encode_json(Quarantined(origin.file, origin.line, why.rule, why.reason, told)) + b"\n"


def examples(path: Path) -> dict[str, list[str]]:
    """For each rule the first rows that it set aside, as JSON, cut where they are long."""
    found = dict[str, list[str]]()
    decode = msgspec.json.Decoder(Rule).decode
    with open(path, "rb") as file:
        for line in file:
            shown = found.setdefault(decode(line).rule, [])
            if len(shown) < _EXAMPLES:
                shown.append(_row_of(line))
    return found


def _row_of(line: bytes) -> str:
    row = msgspec.json.decode(line, type=Quarantined).row
    text = "" if row is None else msgspec.json.encode(row).decode()
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
