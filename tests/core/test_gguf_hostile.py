"""Files that are no sound GGUF end in one error with a sentence of their own, at little cost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.gguf_bytes import STRING, GgufBytes, small_file
from tests.core.gguf_faults import HOSTILE, OTHER_FILES
from workbench.errors import InvalidModel, ModelNotFound
from workbench.gguf import Array, BytesSource, FileSource, Header, check_whole, parse, read_header


@pytest.mark.parametrize("case", HOSTILE)
def test_each_fault_has_its_sentence(case: str) -> None:
    file, sentence = HOSTILE[case]
    with pytest.raises(InvalidModel, match=sentence) as raised:
        parse(BytesSource(bytes(file), "bad.gguf"))
    assert raised.value.message.startswith("bad.gguf ")
    assert raised.value.remedy


@pytest.mark.parametrize(("start", "look"), OTHER_FILES)
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


def test_a_disk_that_fails_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, file = tmp_path / "model.gguf", GgufBytes()
    path.write_bytes(bytes(file.array("tokens", STRING, 50_000, file.text("word") * 50_000)))
    answers = iter([open])

    def fail_later(*arguments: Any, **options: Any) -> Any:
        if answer := next(answers, None):
            return answer(*arguments, **options)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", fail_later)
    with pytest.raises(InvalidModel, match="cannot be read: Input/output error"):
        read_header(path)


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, file = tmp_path / "model.gguf", GgufBytes()
    path.write_bytes(bytes(file.array("tokens", STRING, 50_000, file.text("word") * 50_000)))
    read = FileSource.read

    def read_and_cut(source: FileSource, offset: int, length: int) -> bytes:
        data = read(source, offset, length)
        os.truncate(path, 1000)
        return data

    monkeypatch.setattr(FileSource, "read", read_and_cut)
    with pytest.raises(InvalidModel, match=r"model.gguf became shorter while it was read"):
        read_header(path)


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "red\x1b[31m\nmodel.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(InvalidModel) as raised:
        read_header(path)
    assert raised.value.message.isprintable()


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
