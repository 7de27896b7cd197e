"""A file of blocks that was cut off or damaged keeps what is sound before the fault, and nothing after it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from workbench.quantization.quality.block_file import BlockFile

BLOCKS = [b"first", b"the second one", b"third"]
HEAD = 16


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "blocks"
    with closing(BlockFile(path)) as file:
        for block in BLOCKS:
            file.append(block)
    return path


def content(path: Path) -> list[bytes]:
    with closing(BlockFile(path)) as file:
        return [file[number] for number in range(len(file))]


def test_what_was_appended_is_there_and_goes_on(path: Path) -> None:
    assert content(path) == BLOCKS
    with closing(BlockFile(path)) as file:
        file.append(b"fourth")
        assert file[3] == b"fourth" and file[0] == b"first"
    assert content(path) == [*BLOCKS, b"fourth"]


def test_wherever_it_is_cut_the_blocks_before_stay(path: Path) -> None:
    whole = path.read_bytes()
    ends = [0]
    for block in BLOCKS:
        ends.append(ends[-1] + HEAD + len(block))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert content(path) == BLOCKS[: sum(end <= length for end in ends[1:])]


def test_a_changed_byte_ends_what_is_believed_and_is_overwritten(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    for place in range(HEAD + len(BLOCKS[0]), 2 * HEAD + len(BLOCKS[0]) + len(BLOCKS[1])):
        damaged = bytes(whole[:place]) + bytes([whole[place] ^ 0x10]) + bytes(whole[place + 1 :])
        path.write_bytes(damaged)
        assert content(path) == BLOCKS[:1]
    with closing(BlockFile(path)) as file:
        file.append(b"again")
    assert content(path) == [b"first", b"again"]
