"""Files that are no sound GGUF end in one error with a sentence of their own, at little cost."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.gguf_bytes import ARRAY, BOOL, STRING, U8, U32, GgufBytes, small_file
from workbench.errors import InvalidModel, ModelNotFound
from workbench.gguf import Array, BytesSource, Header, check_whole, parse, read_header

HUGE = 2**60


def deep_array(depth: int) -> GgufBytes:
    file = GgufBytes()
    inner = file.pack("IQ", U8, 0)
    for _ in range(depth - 1):
        inner = file.pack("IQ", ARRAY, 1) + inner
    return file.entry("deep", ARRAY, inner)


def with_alignment(kind: int, layout: str, value: int) -> GgufBytes:
    file = GgufBytes()
    return file.entry("general.alignment", kind, file.pack(layout, value))


HOSTILE: dict[str, tuple[GgufBytes, str]] = {
    "version 1": (GgufBytes(version=1), "GGUF version 1;"),
    "version 4": (GgufBytes(version=4), "GGUF version 4;"),
    "version 0": (GgufBytes(version=0), "GGUF version 0;"),
    "2^60 tensors": (GgufBytes(claimed_tensors=HUGE), f"claims {HUGE} tensors"),
    "2^60 metadata entries": (GgufBytes(claimed_entries=HUGE), f"claims {HUGE} metadata entries"),
    "more tensors than there are": (
        GgufBytes(claimed_tensors=9).tensor("a"),
        "inside the description of tensor 2 of 9",
    ),
    "more entries than there are": (
        GgufBytes(claimed_entries=9, alignment=1).entry("a", BOOL, b"\1"),
        "inside metadata entry 2 of 9",
    ),
    "a key past the end": (GgufBytes(entries=[GgufBytes().pack("Q", HUGE)]), "inside metadata entry 1 of 1"),
    "a string past the end": (
        GgufBytes().entry("key", STRING, GgufBytes().pack("Q", 2**64 - 1)),
        "inside the value of 'key'",
    ),
    "an array of 2^60 strings": (GgufBytes().array("key", STRING, HUGE, b""), f"claims {HUGE} elements"),
    "an array of 2^60 numbers": (GgufBytes().array("key", U32, HUGE, b""), f"claims {HUGE} elements"),
    "an array of 2^60 arrays": (GgufBytes().array("key", ARRAY, HUGE, b""), f"claims {HUGE} elements"),
    "an array string past the end": (
        GgufBytes().array("key", STRING, 2, GgufBytes().pack("QQ", 2**64 - 1, 0)),
        "inside the value of 'key'",
    ),
    "the last array string past the end": (
        GgufBytes().array("key", STRING, 1, GgufBytes().pack("Q", 100)),
        "inside the value of 'key'",
    ),
    "arrays 1,000 deep": (deep_array(1000), "nests arrays too deep"),
    "too many arrays in an array": (
        GgufBytes().array("key", ARRAY, 70_000, bytes(12 * 70_000)),
        "nests arrays too deep or too often",
    ),
    "an unknown value type": (GgufBytes().entry("key", 13, bytes(8)), "unknown value type 13"),
    "an unknown element type": (GgufBytes().array("key", 99, 1, bytes(8)), "unknown element type 99"),
    "the same key twice": (
        GgufBytes().entry("key", BOOL, b"\0").entry("key", BOOL, b"\0"),
        "metadata key 'key' twice",
    ),
    "an empty key": (GgufBytes().entry("", BOOL, b"\0"), "an empty name"),
    "a key with a NUL": (GgufBytes().entry("a\0b", BOOL, b"\0"), r"a NUL in it, 'a\\x00b'"),
    "a key that is not text": (GgufBytes().entry(b"\xff\xfe", BOOL, b"\0"), "a name that is not UTF-8"),
    "alignment 0": (with_alignment(U32, "I", 0), "general.alignment of 0"),
    "alignment 48": (with_alignment(U32, "I", 48), "general.alignment of 48"),
    "alignment true": (with_alignment(BOOL, "B", 1), "no whole number"),
    "the same tensor twice": (GgufBytes().tensor("t").tensor("t", offset=128), "tensor 't' twice"),
    "a tensor without a name": (GgufBytes().tensor(""), "an empty name"),
    "a tensor with a NUL": (GgufBytes().tensor("t\0"), "a NUL in it"),
    "five dimensions": (GgufBytes().tensor("t", (1,) * 5), "5 dimensions"),
    "2^32 - 1 dimensions": (
        GgufBytes(tensors=[GgufBytes().text("t") + GgufBytes().pack("I", 2**32 - 1)]),
        "4294967295 dimensions",
    ),
    "a shape that overflows": (GgufBytes().tensor("t", (2**32, 2**32)), "too large for any memory"),
    "a negative dimension": (GgufBytes().tensor("t", (2**64 - 1,)), "too large for any memory"),
    "a negative dimension beside a 0": (GgufBytes().tensor("t", (0, 2**63)), "too large for any memory"),
    "half a block": (GgufBytes().tensor("t", (48, 2), kind=2), "rows of 48; Q4_0 needs a multiple of 32"),
    "a withdrawn type": (GgufBytes().tensor("t", kind=31), "as Q4_0_4_4, a type that has been withdrawn"),
    "an unknown type": (GgufBytes().tensor("t", kind=4096), "as type 4096"),
    "a misaligned tensor": (GgufBytes().tensor("t", offset=8), "off its alignment of 32"),
    "overlapping tensors": (
        GgufBytes().tensor("a").tensor("b", offset=96),
        "the tensors 'a' and 'b' overlap",
    ),
    "a tensor past any file": (GgufBytes().tensor("t", offset=2**63), "past the end of any file"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_each_fault_has_its_sentence(case: str) -> None:
    file, sentence = HOSTILE[case]
    with pytest.raises(InvalidModel, match=sentence) as raised:
        parse(BytesSource(bytes(file), "bad.gguf"))
    assert raised.value.message.startswith("bad.gguf ")
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("start", "look"),
    [
        (b"", "is empty"),
        (b"\x08\x01\0\0\0\0\0\0" + b'{"__metadata__":', "a safetensors file"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (b"\x80\x02ctorch", "a Python pickle"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
        (b"tjgg\x03\0\0\0", "came before GGUF"),
        (b'{"error": "not found"}', "a JSON file"),
        (bytes(4096), "its first bytes are zeros"),
        (b"\x7fELF\2\1", "beginning with the bytes 7f 45 4c 46"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, start: bytes, look: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(start)
    with pytest.raises(InvalidModel, match=look) as raised:
        read_header(path)
    assert raised.value.message.startswith("model.gguf is ")
    assert raised.value.remedy


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.gguf", tmp_path / "pipe" / "below", "nul\0.gguf"):
        with pytest.raises(ModelNotFound, match="There is no file"):
            read_header(path)
    with pytest.raises(InvalidModel, match="is a folder"):
        read_header(tmp_path)
    with pytest.raises(InvalidModel, match="not a regular file"):
        read_header(tmp_path / "pipe")
    with pytest.raises(InvalidModel, match="cannot be read"):
        read_header(tmp_path / ("long" * 100))


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(bytes(small_file()))

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # root may read everything, so the refusal is made here
    with pytest.raises(InvalidModel, match="may not be read"):
        read_header(path)


def test_every_truncation_is_noticed() -> None:
    whole = bytes(small_file())
    header = parse(BytesSource(whole))
    for length in range(len(whole)):
        if length < header.data_offset:
            try:
                check_whole(parse(BytesSource(whole[:length])))
            except InvalidModel:
                continue
            pytest.fail(f"the first {length} bytes pass for a whole file")
        with pytest.raises(InvalidModel, match=f"truncated: {len(whole) - length} bytes of its weights"):
            check_whole(parse(BytesSource(whole[:length])))
    check_whole(header)


def read_everything(data: bytes) -> None:
    header = parse(BytesSource(data))
    for value in header.metadata.values():
        if isinstance(value, Array):
            list(value)
    for name, value in vars(Header).items():
        if isinstance(value, property):
            getattr(header, name)
    check_whole(header)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutations_end_in_a_header_or_in_one_error(data: st.DataObject) -> None:
    mutated = bytearray(bytes(small_file()))
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position : position + 1] = data.draw(st.binary(max_size=9))
    try:
        read_everything(bytes(mutated))
    except InvalidModel as error:
        assert error.message and error.remedy
        assert error.message.isascii() and error.message.isprintable() and len(error.message) < 300


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_noise_after_the_magic_ends_the_same_way(noise: bytes) -> None:
    try:
        read_everything(b"GGUF\3\0\0\0" + noise)
    except InvalidModel as error:
        assert error.message and error.remedy


@pytest.mark.parametrize("case", HOSTILE)
def test_faults_cost_little_memory(case: str) -> None:
    data = bytes(HOSTILE[case][0])
    tracemalloc.start()
    try:
        with pytest.raises(InvalidModel):
            parse(BytesSource(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 256 * 1024 + 2 * len(data)


def test_a_large_vocabulary_is_not_held_in_memory(tmp_path: Path) -> None:
    path, file = tmp_path / "large.gguf", GgufBytes()
    path.write_bytes(bytes(file.array("tokens", STRING, 500_000, file.text("word") * 500_000)))
    tracemalloc.start()
    try:
        header = read_header(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(header.metadata["tokens"]) == 500_000  # type: ignore[arg-type]
    assert path.stat().st_size > 5_900_000 and peak < 1_200_000


def test_a_sparse_file_is_not_walked_to_its_end(tmp_path: Path) -> None:
    path, file = tmp_path / "sparse.gguf", GgufBytes()
    head = bytes(file.entry("key", STRING, file.pack("Q", 2**33)))
    with path.open("wb") as out:
        out.write(head)
        out.truncate(2**34)
    with pytest.raises(InvalidModel, match="a header of more than 256 MiB"):
        read_header(path)
