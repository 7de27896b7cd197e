"""Models in shards: their names, which belong together, and one header for all."""

from __future__ import annotations

import ctypes
from pathlib import Path

import gguf
import numpy as np
import pytest

from tests.core.gguf_bytes import I32, STRING, U16, U32, GgufBytes
from workbench.errors import InvalidModel, ModelNotFound
from workbench.gguf import (
    BytesSource,
    Shard,
    check_whole,
    first_file,
    joined,
    parse,
    read_header,
    read_model,
    shard_of,
    shard_sets,
)


def shard(number: int, count: int = 3, tensors_count: int | None = 4, order: str = "<") -> GgufBytes:
    """Shard `number` of `count`, counted from 1, as llama-gguf-split writes it; without tensors yet."""
    file = GgufBytes(order=order)
    if number == 1:
        file.entry("general.architecture", STRING, file.text("llama"))
        file.entry("llama.context_length", U32, file.pack("I", 4096))
    file.entry("split.no", U16, file.pack("H", number - 1))
    file.entry("split.count", U16, file.pack("H", count))
    if tensors_count is not None:
        file.entry("split.tensors.count", I32, file.pack("i", tensors_count))
    return file


def model() -> list[GgufBytes]:
    """Three shards, the first without tensors, with weights of 128, 256 and 384 bytes in the others."""
    second, third = shard(2), shard(3)
    second.tensor("a", (32,)).tensor("b", (64,), offset=128)
    third.tensor("c", (32, 3)).tensor("d", (32,), kind=1, offset=384)
    second.data, third.data = bytes(384), bytes(448)
    return [shard(1), second, third]


def write(folder: Path, shards: list[GgufBytes], stem: str = "model") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / Shard(stem, number, len(shards)).name for number in range(1, len(shards) + 1)]
    for path, file in zip(paths, shards, strict=True):
        path.write_bytes(bytes(file))
    return paths


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model-00001-of-00003.gguf", Shard("model", 1, 3)),
        ("Q4_K_M/model-Q4_K_M-00002-of-00002.gguf", Shard("Q4_K_M/model-Q4_K_M", 2, 2)),
        ("a-00001-of-00002-00001-of-00003.gguf", Shard("a-00001-of-00002", 1, 3)),
        ("model-00001-of-00001.gguf", Shard("model", 1, 1)),
        ("two\nlines-00001-of-00002.gguf", Shard("two\nlines", 1, 2)),
        ("model.gguf", None),
        ("model-1-of-3.gguf", None),
        ("model-000001-of-000003.gguf", None),
        ("model-00004-of-00003.gguf", None),
        ("model-00000-of-00003.gguf", None),
        ("model-00000-of-00000.gguf", None),
        ("model-٠٠٠٠١-of-00003.gguf", None),
        ("model-00001-of-00003.gguf\n", None),
        ("model-00001-of-00003.gguf.part", None),
        ("folder/-00001-of-00003.gguf", None),
        ("-00001-of-00003.gguf", None),
        ("", None),
    ],
)
def test_names(name: str, expected: Shard | None) -> None:
    assert shard_of(name) == expected
    if expected:
        assert expected.name == name


def test_names_are_those_of_llama_cpp() -> None:
    from llama_cpp import llama_cpp

    written = ctypes.create_string_buffer(100)
    llama_cpp.llama_split_path(written, 100, b"folder/model", 6, 12)
    assert shard_of(written.value.decode()) == Shard("folder/model", 7, 12)


def test_names_are_grouped_into_sets() -> None:
    names = [
        "Q8/m-00002-of-00002.gguf",
        "mmproj.gguf",
        "Q4/m-00001-of-00003.gguf",
        "Q4/m-00003-of-00003.gguf",
        "Q8/m-00001-of-00002.gguf",
        "Q8/m-00001-of-00002.gguf",
        "Q8/m-00001-of-00003.gguf",
    ]
    whole, part, other = shard_sets(names)
    assert whole.complete and not list(whole.missing)
    assert whole.names == ("Q8/m-00001-of-00002.gguf", "Q8/m-00002-of-00002.gguf")
    assert not part.complete and list(part.missing) == [Shard("Q4/m", 2, 3)]
    assert part.names == ("Q4/m-00001-of-00003.gguf", "Q4/m-00003-of-00003.gguf")
    assert (other.stem, other.count, other.complete) == ("Q8/m", 3, False)


@pytest.mark.parametrize("given", range(3))
def test_any_shard_names_the_whole_model(tmp_path: Path, given: int) -> None:
    paths = write(tmp_path, model())
    header = read_model(paths[given])
    assert (header.architecture, header.context_length, header.shards) == ("llama", 4096, 3)
    assert [tensor.name for tensor in header.tensors] == ["a", "b", "c", "d"]
    assert [header.files[tensor.file].name for tensor in header.tensors] == [
        paths[index].name for index in (1, 1, 2, 2)
    ]
    assert header.parameters == 32 + 64 + 96 + 32
    assert header.weights_bytes == 128 + 256 + 384 + 64
    assert header.file_size == sum(path.stat().st_size for path in paths)
    assert header.source_name == paths[0].name
    assert first_file(paths[given]) == paths[0]
    check_whole(header)


def test_weights_missing_from_any_shard_are_missed(tmp_path: Path) -> None:
    paths = write(tmp_path, model())
    for path, cut in ((paths[1], 100), (paths[2], 10)):
        path.write_bytes(path.read_bytes()[:-cut])
    header = read_model(paths[0])
    assert header.missing_bytes == 110
    with pytest.raises(InvalidModel, match=r"model-00002-of-00003.gguf is truncated: 100 bytes"):
        check_whole(header)


@pytest.mark.parametrize("missing", range(3))
def test_a_missing_shard_is_named(tmp_path: Path, missing: int) -> None:
    paths = write(tmp_path, model())
    paths[missing].unlink()
    for path in paths:
        if path.exists():
            with pytest.raises(InvalidModel, match=f"{paths[missing].name}.* is missing") as raised:
                read_model(path)
            assert raised.value.message.startswith(path.name)
        else:
            with pytest.raises(ModelNotFound):
                read_model(path)


@pytest.mark.parametrize("name", ["one.gguf", "one-00001-of-00001.gguf"])
def test_a_single_file_is_a_model_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(GgufBytes(data=bytes(128)).tensor("only")))
    assert read_model(path) == read_header(path)
    assert first_file(path) == path


def test_a_shard_that_was_renamed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "renamed.gguf"
    path.write_bytes(bytes(model()[1]))
    with pytest.raises(InvalidModel, match=r"renamed.gguf is one of 3 shards") as raised:
        read_model(path)
    assert "name-00001-of-00002.gguf" in raised.value.remedy


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    paths = write(tmp_path, model())
    paths[2].write_bytes(b"")
    with pytest.raises(InvalidModel, match=f"{paths[2].name} is empty"):
        read_model(paths[0])


def with_wrong(position: int, file: GgufBytes) -> list[GgufBytes]:
    shards = model()
    shards[position] = file
    return shards


DISAGREEING = {
    "swapped": ([model()[index] for index in (0, 2, 1)], "shards/2 has a split.no of 2"),
    "another count": (with_wrong(1, shard(2, count=2)), "shards/2 has a split.count of 2"),
    "no number": (with_wrong(2, GgufBytes().tensor("c")), "shards/3 has no split.no"),
    "a number that is text": (
        with_wrong(1, GgufBytes().entry("split.no", STRING, GgufBytes().text("1"))),
        "shards/2 has no split.no",
    ),
    "too many tensors": (
        with_wrong(1, shard(2, tensors_count=9).tensor("a").tensor("b", offset=128)),
        "shards/2 has a split.tensors.count of 9",
    ),
    "a shard without its tensors": (with_wrong(1, shard(2)), "shards/1 has a split.tensors.count of 4"),
    "the same tensor": (
        with_wrong(1, shard(2).tensor("a").tensor("c", offset=128)),
        "shards/3 has the tensor 'c', which shards/2 has too",
    ),
    "another byte order": (with_wrong(2, shard(3, order=">")), "shards/3 is big-endian"),
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_shards_that_disagree_are_refused(case: str) -> None:
    shards, sentence = DISAGREEING[case]
    headers = [parse(BytesSource(bytes(file), f"shards/{number}")) for number, file in enumerate(shards, 1)]
    with pytest.raises(InvalidModel, match=sentence) as raised:
        joined(headers)
    assert raised.value.remedy


def test_shards_need_not_count_their_tensors() -> None:
    shards = [shard(1, 2, None).tensor("a"), shard(2, 2, None).tensor("b")]
    header = joined([parse(BytesSource(bytes(file))) for file in shards])
    assert [tensor.file for tensor in header.tensors] == [0, 1]


def test_shards_that_the_gguf_package_writes(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama", split_max_tensors=2)
    writer.add_context_length(2048)
    for number in range(5):
        writer.add_tensor(f"blk.{number}.weight", np.full(32, number, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    paths = sorted(tmp_path.iterdir())
    header = read_model(paths[1])
    check_whole(header)
    assert (len(paths), header.shards, header.context_length, header.parameters) == (3, 3, 2048, 160)
    for number, tensor in enumerate(header.tensors):
        file = header.files[tensor.file]
        weights = (tmp_path / file.name).read_bytes()[file.data_offset + tensor.offset :][: tensor.size_bytes]
        assert np.frombuffer(weights, np.float32).tolist() == [number] * 32
