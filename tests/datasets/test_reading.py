"""Files of rows in every layout and encoding, and what is told of those that are broken."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench.datasets.reading import read, source, survey
from workbench.datasets.reading.lines import MOST_LINE_BYTES
from workbench.datasets.strict_json import Unreadable, decode
from workbench.errors import InvalidRequest

ROWS = [{"prompt": f"Frage {number} – größer?", "completion": f"Antwort {number}"} for number in range(1, 8)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def read_all(path: Path) -> list[tuple[int, Any]]:
    found, parts = survey(path, 0)
    return [item for part in parts for item in read(found, part)]


def _csv(path: Path, delimiter: str) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ROWS[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


def _written(folder: Path) -> Iterator[Path]:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"):
        (folder / f"{encoding}.jsonl").write_text(LINES, encoding)
        yield folder / f"{encoding}.jsonl"
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    (folder / "list.json").write_text(json.dumps(ROWS, indent=2), "utf-8")
    (folder / "held.json").write_text(json.dumps({"data": ROWS}, indent=2), "utf-8")
    (folder / "lines.json").write_text(LINES, "utf-8")
    _csv(folder / "rows.csv", ",")
    _csv(folder / "semicolons.csv", ";")
    _csv(folder / "rows.tsv", "\t")
    yield from (folder / name for name in ("rows.jsonl.gz", "list.json", "held.json", "lines.json"))
    yield from (folder / name for name in ("rows.csv", "semicolons.csv", "rows.tsv"))
    rows = f"read_json('{folder / 'utf-8.jsonl'}', format='newline_delimited')"
    duckdb.sql(f"COPY (SELECT * FROM {rows}) TO '{folder / 'rows.parquet'}' (FORMAT parquet)")
    yield folder / "rows.parquet"


def test_every_layout_and_encoding_gives_the_same_rows(tmp_path: Path) -> None:
    for path in _written(tmp_path):
        assert [value for _, value in read_all(path)] == ROWS, path.name


def test_parts_of_a_file_give_the_rows_and_lines_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n" + LINES * 20, "utf-8-sig")
    whole = read_all(path)
    monkeypatch.setattr(source, "PART_BYTES", 300)
    monkeypatch.setattr(source, "_BLOCK_BYTES", 100)
    assert len(survey(path, 0)[1]) > 10
    assert read_all(path) == whole
    assert [line for line, _ in whole] == list(range(2, 142))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"a": 1, "a": 2}', "duplicate-key"),
        (b'{"a" :1,"b":{"c":"x:","c"\t:2}}', "duplicate-key"),
        (b'{"a\\\\":1,"b":"x:","b":3}', "duplicate-key"),
        (b'{"a": NaN}', "json"),
        (b'{"a": -Infinity}', "json"),
        (b'{"a": 1e999}', "json"),
        (b'{"a": "\\ud800"}', "json"),
        (b'{"a": "\\udc00x"}', "json"),
        (b'{"a": "\xff"}', "encoding"),
        (b"\x00\x01\x02", "json"),
        (b"[" * 10_000 + b"]" * 10_000, "nesting"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "nesting"),
        (b'{"a": 1', "json"),
    ],
)
def test_json_that_programs_read_differently_is_refused(line: bytes, rule: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(line)
    assert refused.value.rule == rule


@pytest.mark.parametrize("text", ['{"a:b":"c\\":d","e" : [{"f":"g: \\" :"}]}', '{"a\\\\":{"b":": : :"}}'])
def test_colons_in_texts_are_no_keys(text: str) -> None:
    assert decode(text.encode()) == json.loads(text)


def test_a_line_that_is_too_long_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text":"' + b"x" * (2 * MOST_LINE_BYTES + 5) + b'"}\n{"text":"next"}\n')
    (first, unreadable), second = read_all(path)
    assert (first, unreadable.rule) == (1, "length")
    assert second == (2, {"text": "next"})


def test_broken_rows_of_a_table_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('prompt,completion\n"two\nlines",a\nonly one\nq,a,too many\nq2,a2\n', "utf-8")
    found = read_all(path)
    assert [line for line, _ in found] == [2, 4, 5, 6]
    assert [getattr(value, "rule", "") for _, value in found] == ["", "columns", "columns", ""]


@pytest.mark.parametrize(
    "content", [b'[{"text": "a"}, {"text": ', b'[{"text": "a"}]]', b'{\n"data": [\n{"a": 1, "a": 2}]}']
)
def test_a_broken_document_is_told_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    [(line, value)] = read_all(path)
    assert line == 1
    assert isinstance(value, Unreadable)


def test_a_damaged_parquet_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1" + bytes(1000) + b"PAR1")
    [(_, value)] = read_all(path)
    assert isinstance(value, Unreadable)


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", b" \n"), ("a.bin", b"\x7fELF"), ("a.gz", b"\x1f\x8b")]
)
def test_files_without_rows_are_one_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=name):
        survey(path, 0)


def test_rows_before_the_damage_of_a_packed_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    dice = random.Random(1)
    rows = [{"text": f"{dice.random()}"} for _ in range(200_000)]
    packed = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), 1)
    path.write_bytes(packed[: len(packed) * 3 // 4])
    *found, (line, last) = read_all(path)
    assert [value for _, value in found[:-1]] == rows[: len(found) - 1]
    assert (line, last.rule) == (found[-1][0] + 1, "gzip")
    assert len(found) > 100_000
