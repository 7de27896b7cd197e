"""Importance matrices as files: read, written, refused where they are damaged, and merged by tokens."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from struct import pack

import numpy as np
import pytest

from tests.quantization.conftest import GUIDE
from workbench.errors import InvalidRequest
from workbench.imatrix import Entry, ImportanceMatrix, merged, read_imatrix, write_imatrix


def entry(sums: list[list[float]], counts: list[int]) -> Entry:
    return Entry(np.array(sums, np.float32), np.array(counts, np.int64))


def matrix(**entries: Entry) -> ImportanceMatrix:
    return ImportanceMatrix(entries=entries, datasets=("a.txt",), chunk_count=2, chunk_size=8)


EXPERTS = entry([[2, 4, 8], [0, 0, 0]], [16, 0])
DENSE = entry([[1, 3]], [16])


def dat(names: dict[str, tuple[int, list[float]]], ending: bytes = pack("<ii", 5, 5) + b"b.txt") -> bytes:
    parts = [pack("<i", len(names))]
    for name, (calls, values) in names.items():
        parts.append(pack("<i", len(name)) + name.encode() + pack("<ii", calls, len(values)))
        parts.append(np.array(values, "<f4").tobytes())
    return b"".join(parts) + ending


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = ImportanceMatrix(
        entries={"blk.0.ffn_up_exps.weight": EXPERTS, "blk.0.attn_q.weight": DENSE},
        datasets=("a.txt", "ä.txt"), chunk_count=2, chunk_size=8, notes={"workbench.imatrix.tools": "x"},
    )  # fmt: skip
    write_imatrix(tmp_path / "m.gguf", made)
    found = read_imatrix(tmp_path / "m.gguf")
    assert (found.datasets, found.chunk_count, found.chunk_size) == (made.datasets, 2, 8)
    assert found.notes == made.notes and set(found.entries) == set(made.entries)
    for name, one in made.entries.items():
        assert (found.entries[name].sums == one.sums).all() and (
            found.entries[name].counts == one.counts
        ).all()


def test_means_are_what_a_quantizer_weighs_by() -> None:
    assert EXPERTS.means.tolist() == [0.125, 0.25, 0.5, 1, 1, 1]


def test_dat_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "old.dat").write_bytes(dat({"blk.0.attn_q.weight": (4, [8.0, 2.0])}))
    found = read_imatrix(tmp_path / "old.dat")
    assert found.legacy and found.chunk_count == 5 and found.datasets == ("b.txt",)
    assert found.entries["blk.0.attn_q.weight"].means.tolist() == [2.0, 0.5]
    assert found.in_tokens(8).entries["blk.0.attn_q.weight"].counts.tolist() == [32]
    assert found.in_tokens(8).entries["blk.0.attn_q.weight"].means.tolist() == [2.0, 0.5]


def test_matrices_are_added_by_tokens() -> None:
    both = merged([matrix(a=DENSE, b=EXPERTS), matrix(a=entry([[7, 5]], [48]))], 8)
    assert both.entries["a"].means.tolist() == [0.125, 0.125]
    assert both.entries["b"].counts.tolist() == [16, 0]
    assert both.chunk_count == 8 and both.datasets == ("a.txt", "a.txt")
    with pytest.raises(InvalidRequest, match="different models"):
        merged([matrix(a=DENSE), matrix(a=entry([[1, 2, 3]], [8]))], 8)


DAMAGED = {
    "a model cut short": (GUIDE.read_bytes()[:200_000], "truncated"),
    "a header cut short": (b"GGUF\x03\0\0\0" + bytes(8), "cut short"),
    "something else": (b"not a matrix at all", "neither"),
    "nothing": (b"", "cut short"),
    "an old one cut short": (dat({"a": (1, [1.0, 2.0])})[:20], "cut short"),
    "no number": (dat({"a": (1, [float("nan")])}), "no numbers"),
    "a negative count": (dat({"a": (-1, [1.0])}), "no numbers"),
    "a bomb": (pack("<i", 2**31 - 1), "neither"),
}


@pytest.mark.parametrize(("content", "said"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "bad.gguf").write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        read_imatrix(tmp_path / "bad.gguf")
    assert said in str(caught.value) and caught.value.remedy


def test_a_model_is_no_matrix() -> None:
    with pytest.raises(InvalidRequest, match="holds a model"):
        read_imatrix(GUIDE)


@pytest.mark.slow
def test_mutations_end_in_a_matrix_or_a_sentence(tmp_path: Path) -> None:
    write_imatrix(tmp_path / "m.gguf", matrix(a=DENSE, b=EXPERTS))
    whole, random = bytearray((tmp_path / "m.gguf").read_bytes()), np.random.default_rng(3)
    old = dat({"blk.0.attn_q.weight": (4, [8.0, 2.0])})
    for _ in range(1000):
        mutated = bytearray(whole if random.random() < 0.7 else old)
        for place in random.integers(len(mutated), size=random.integers(1, 4)):
            mutated[place] = random.integers(256)
        (tmp_path / "x").write_bytes(mutated[: random.integers(len(mutated)) or None])
        with suppress(InvalidRequest):
            read_imatrix(tmp_path / "x")
