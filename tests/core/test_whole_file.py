"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.whole_file import whole_file, write_whole


@pytest.mark.parametrize("durable", [False, True])
def test_it_takes_the_place_of_what_was_there(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "folder" / "name.json"
    for content in (b"one", b"", b"three" * 1000):
        write_whole(path, content, durable=durable)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["name.json"]


def test_what_fails_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "name.json"
    write_whole(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new", durable=True)
    assert os.listdir(tmp_path) == ["name.json"] and path.read_bytes() == b"old"


def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "name", b"private")
    assert (tmp_path / "name").stat().st_mode & 0o077 == 0


def test_shared_it_is_for_whom_the_user_lets_read(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with whole_file(tmp_path / "name", shared=True) as file:
        file.write(b"public")
    assert (tmp_path / "name").stat().st_mode == (tmp_path / "usual").stat().st_mode
