"""The reader agrees with the `gguf` package and with ggml itself on what sound files say."""

from __future__ import annotations

import ctypes
import pickle
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGUFEndian, GGUFReader, GGUFValueType, GGUFWriter

from tests.core.gguf_bytes import BOOL, F64, STRING, U32, GgufBytes, small_file
from workbench.errors import InvalidModel
from workbench.gguf import FILE_TYPES, GGML_TYPES, Array, BytesSource, check_whole, parse, read_header
from workbench.gguf.ggml_types import REMOVED_TYPES
from workbench.gguf.source import WINDOW_BYTES

NUMBERS: dict[GGUFValueType, list[Any]] = {
    GGUFValueType.UINT8: [0, 255],
    GGUFValueType.INT8: [-128, 127],
    GGUFValueType.UINT16: [0, 65535],
    GGUFValueType.INT16: [-32768, 32767],
    GGUFValueType.UINT32: [0, 2**32 - 1],
    GGUFValueType.INT32: [-(2**31), 2**31 - 1],
    GGUFValueType.FLOAT32: [0.5, -1e10],
    GGUFValueType.BOOL: [True, False],
    GGUFValueType.UINT64: [0, 2**64 - 1],
    GGUFValueType.INT64: [-(2**63), 2**63 - 1],
    GGUFValueType.FLOAT64: [1e300, -0.1],
}


def write_file(path: Path, endian: GGUFEndian) -> Path:
    writer = GGUFWriter(path, "llama", endianess=endian)
    writer.add_name("Tiny Test")
    writer.add_context_length(2048)
    writer.add_chat_template("{{ messages }}")
    for kind, values in NUMBERS.items():
        for index, value in enumerate(values):
            writer.add_key_value(f"one.{kind.name}.{index}", value, kind)
        writer.add_key_value(f"many.{kind.name}", values * 3, GGUFValueType.ARRAY, sub_type=kind)
    writer.add_array("tokenizer.ggml.tokens", ["", "a", "日本語", "\n" * 5000])
    writer.add_tensor("blk.0.weight", np.arange(64, dtype=np.float32).reshape(2, 32))
    writer.add_tensor("blk.1.weight", np.zeros((3, 18), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q4_0)
    writer.add_tensor("blk.2.weight", np.ones(5, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("endian", list(GGUFEndian))
def test_metadata_is_what_the_gguf_package_reads(tmp_path: Path, endian: GGUFEndian) -> None:
    path = write_file(tmp_path / "model.gguf", endian)
    theirs = {
        name: field.contents() for name, field in GGUFReader(path).fields.items() if "GGUF." not in name
    }
    ours = {
        key: list(value) if isinstance(value, Array) else value
        for key, value in read_header(path).metadata.items()
    }
    assert ours == theirs
    assert len(ours) == 4 + 3 * len(NUMBERS) + 1


@pytest.mark.parametrize("endian", list(GGUFEndian))
def test_tensors_are_what_the_gguf_package_reads(tmp_path: Path, endian: GGUFEndian) -> None:
    path = write_file(tmp_path / "model.gguf", endian)
    theirs = GGUFReader(path)
    header = read_header(path)
    assert header.data_offset == theirs.data_offset
    for ours, other in zip(header.tensors, theirs.tensors, strict=True):
        assert (ours.name, ours.shape) == (other.name, tuple(other.shape.tolist()))
        assert (ours.type.name, ours.size_bytes) == (other.tensor_type.name, other.n_bytes)
        assert header.data_offset + ours.offset == other.data_offset
    check_whole(header)


@pytest.mark.parametrize("endian", list(GGUFEndian))
def test_properties(tmp_path: Path, endian: GGUFEndian) -> None:
    header = read_header(write_file(tmp_path / "model.gguf", endian))
    assert header.byte_order == ("little" if endian is GGUFEndian.LITTLE else "big")
    assert (header.version, header.architecture, header.name) == (3, "llama", "Tiny Test")
    assert (header.context_length, header.chat_template, header.shards) == (2048, "{{ messages }}", 1)
    assert header.parameters == 2 * 32 + 3 * 32 + 5
    assert header.weights_bytes == 256 + 54 + 10
    assert header.quantization == "Q4_0"  # no general.file_type: the type of most weights


@pytest.mark.parametrize("order", "<>")
def test_version_2_in_either_byte_order(order: str) -> None:
    file = GgufBytes(version=2, order=order)
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("general.file_type", U32, file.pack("I", 15))
    file.entry("split.count", U32, file.pack("I", 3))
    header = parse(BytesSource(bytes(file)))
    assert (header.version, header.architecture, header.quantization, header.shards) == (
        2,
        "llama",
        "Q4_K_M",
        3,
    )


def test_a_guessed_file_type_is_named_like_the_type() -> None:
    file = GgufBytes()
    file.entry("general.file_type", U32, file.pack("I", 1024 | 7))
    assert parse(BytesSource(bytes(file))).quantization == "Q8_0"


def test_alignment_moves_the_weights(tmp_path: Path) -> None:
    file = GgufBytes(alignment=256, data=bytes(128))
    file.entry("general.alignment", U32, file.pack("I", 256)).tensor("only")
    header = parse(BytesSource(bytes(file)))
    assert (header.alignment, header.data_offset, header.missing_bytes) == (256, 256, 0)


def test_wrongly_typed_answers_are_no_answers() -> None:
    file = GgufBytes()
    file.entry("general.architecture", U32, file.pack("I", 1))
    file.entry("tokenizer.chat_template", U32, file.pack("I", 1))
    file.entry("split.count", STRING, file.text("many"))
    header = parse(BytesSource(bytes(file)))
    assert (header.architecture, header.name, header.chat_template) == ("", "", None)
    assert (header.context_length, header.shards, header.quantization) == (None, 1, "")


def test_nested_arrays_become_tuples() -> None:
    header = parse(BytesSource(bytes(small_file())))
    nested = header.metadata["nested"]
    assert isinstance(nested, Array)
    assert list(nested) == [(1, 2), ("x",)]


@pytest.mark.parametrize("order", "<>")
def test_long_arrays_of_numbers_are_read_in_either_byte_order(tmp_path: Path, order: str) -> None:
    path, file = tmp_path / "numbers.gguf", GgufBytes(order=order)
    values = [number * 0.5 for number in range(5000)]
    file.array("floats", F64, 5000, file.pack("5000d", *values))
    file.array("truths", BOOL, 5000, b"\0\1\7\0\0" * 1000)
    path.write_bytes(bytes(file))
    metadata = read_header(path).metadata
    floats, truths = metadata["floats"], metadata["truths"]
    assert isinstance(floats, Array) and isinstance(truths, Array)
    assert (list(floats), floats[-1], floats[2:4]) == (values, 2499.5, (1.0, 1.5))
    assert list(truths) == [False, True, True, False, False] * 1000
    with pytest.raises(IndexError):
        floats[5000]


def test_long_arrays_are_read_when_asked_for(tmp_path: Path) -> None:
    tokens = [f"token{number}" for number in range(100_000)]
    path = tmp_path / "tokens.gguf"
    file = GgufBytes()
    path.write_bytes(bytes(file.array("tokens", STRING, len(tokens), b"".join(map(file.text, tokens)))))
    array = read_header(path).metadata["tokens"]
    assert isinstance(array, Array)
    assert (len(array), array[-1], array[7:9]) == (100_000, "token99999", ("token7", "token8"))
    assert list(array) == tokens

    unread = read_header(path).metadata["tokens"]
    assert isinstance(unread, Array)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InvalidModel, match="changed after its header was read"):
        list(unread)


def test_short_arrays_are_kept_wherever_a_window_ends(tmp_path: Path) -> None:
    path = tmp_path / "padded.gguf"
    for padding in range(WINDOW_BYTES - 1500, WINDOW_BYTES, 61):
        file = GgufBytes().entry("padding", STRING, GgufBytes().text("x" * padding))
        file.array("words", STRING, 3, file.text("word" * 100) * 3).tensor("only")
        path.write_bytes(bytes(file))
        header = read_header(path)
        path.write_bytes(b"")  # they need not be read again
        assert list(header.metadata["words"]) == ["word" * 100] * 3  # type: ignore[arg-type]


def test_a_header_survives_pickling(tmp_path: Path) -> None:
    header = read_header(write_file(tmp_path / "model.gguf", GGUFEndian.LITTLE))
    assert list(header.metadata["many.UINT32"]) == NUMBERS[GGUFValueType.UINT32] * 3  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(header))
    assert (copy.tensors, copy.architecture) == (header.tensors, "llama")
    assert list(copy.metadata["tokenizer.ggml.tokens"]) == list(header.metadata["tokenizer.ggml.tokens"])  # type: ignore[arg-type]


def test_block_sizes_are_those_of_ggml() -> None:
    from llama_cpp import _ggml

    ggml: ctypes.CDLL = _ggml.libggml
    ggml.ggml_type_name.restype = ctypes.c_char_p
    ggml.ggml_type_size.restype = ctypes.c_size_t
    ggml.ggml_blck_size.restype = ctypes.c_int64
    for number, ours in GGML_TYPES.items():
        assert ggml.ggml_type_name(number).decode().upper() == ours.name
        assert (ggml.ggml_blck_size(number), ggml.ggml_type_size(number)) == (
            ours.block_elements,
            ours.block_bytes,
        )
    for number in REMOVED_TYPES:
        assert ggml.ggml_type_size(number) == 0
    assert sorted(GGML_TYPES | REMOVED_TYPES) == list(range(len(GGML_TYPES) + len(REMOVED_TYPES)))


def test_no_type_of_the_gguf_package_is_missing() -> None:
    q8_1 = gguf.GGMLQuantizationType.Q8_1  # 36 in ggml; the package says 40
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        ours = GGML_TYPES[kind]
        assert (ours.name, ours.block_elements) == (kind.name, elements)
        assert ours.block_bytes == size or kind is q8_1
    for file_type in gguf.LlamaFileType:
        if file_type is not gguf.LlamaFileType.GUESSED:
            assert FILE_TYPES[file_type] == file_type.name.removeprefix("ALL_").removeprefix("MOSTLY_")
