"""Copies come to share their bytes, in one step each and only when they are the same to the last byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.models.machine import Machine, gguf, written
from workbench.models import block_sharing, local_models
from workbench.models.dedupe import Outcome, share
from workbench.models.duplicates import Duplicate, duplicates


def found() -> list[Duplicate]:
    return list(duplicates(local_models(), lambda count: None))


def shared(duplicate: Duplicate, *, only_reflink: bool = False) -> Outcome:
    return share(duplicate, lambda count: None, only_reflink=only_reflink)


@pytest.fixture
def no_reflinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.models.dedupe.reflink", lambda source, new: False)


@pytest.fixture
def copies(machine: Machine) -> tuple[Path, Path]:
    """The blob of a model in the Hugging Face cache, and the same bytes in Ollama's store."""
    blob = machine.in_hub("org/m", "m.gguf", gguf()).resolve()
    return blob, machine.in_ollama("registry.ollama.ai/library/m/latest", gguf())


@pytest.mark.usefixtures("no_reflinks")
def test_a_copy_becomes_a_hard_link(machine: Machine, copies: tuple[Path, Path]) -> None:
    (duplicate,) = found()
    assert duplicate.saves_bytes == copies[1].stat().st_size
    assert shared(duplicate) == Outcome("hard link", duplicate.saves_bytes)
    assert os.path.samefile(*copies)
    assert copies[1].read_bytes() == gguf()
    assert found() == []
    assert {path.name[:7] for path in copies[1].parent.iterdir()} == {"sha256-"}


@pytest.mark.usefixtures("no_reflinks")
def test_who_could_read_the_copy_still_can(copies: tuple[Path, Path]) -> None:
    (duplicate,) = found()
    duplicate.keep.path.chmod(0o600)
    duplicate.copy.path.chmod(0o644)
    shared(found()[0])
    assert copies[0].stat().st_mode & 0o777 == 0o644


def test_a_reflink_stays_a_file_of_its_own(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a double of the ioctl, which copies where the real one shares blocks."""

    def copying(file: int, request: int, source: int) -> int:
        assert request == 0x40049409
        os.pwrite(file, os.pread(source, 1 << 20, 0), 0)
        return 0

    (duplicate,) = found()
    monkeypatch.setattr("fcntl.ioctl", copying)
    duplicate.copy.path.chmod(0o640)
    before = duplicate.copy.path.stat()
    assert shared(duplicate).way == "reflink"
    after = duplicate.copy.path.stat()
    assert after.st_ino not in (before.st_ino, duplicate.keep.inode)
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert duplicate.copy.path.read_bytes() == gguf()


def test_the_real_reflink_where_the_file_system_has_it(machine: Machine) -> None:
    one, other = written(machine.home / "one", gguf()), machine.home / "other"
    if not block_sharing.reflink(one, other):
        assert not other.exists()
        pytest.skip("this file system has no reflinks")
    assert other.read_bytes() == gguf()
    assert block_sharing.shares_blocks(one, other)


def test_files_of_their_own_share_no_blocks(machine: Machine) -> None:
    one, other = (written(machine.home / name, gguf()) for name in ("one", "other"))
    assert not block_sharing.shares_blocks(one, other)


def test_one_byte_of_difference_that_no_sample_shows_is_seen(machine: Machine) -> None:
    data = bytearray(gguf("large", tensors=64))
    one = written(machine.folder / "one.gguf", data)
    data[len(data) // 126 + 5000] ^= 1
    other = written(machine.folder / "other.gguf", data)
    assert len(local_models()) == 1
    assert found() == []
    (suspect,) = duplicates(local_models(), None)
    assert "not the same" in shared(suspect).reason
    assert one.read_bytes() != other.read_bytes()


@pytest.mark.usefixtures("no_reflinks")
def test_what_changed_since_it_was_found_is_left_alone(copies: tuple[Path, Path]) -> None:
    (duplicate,) = found()
    os.utime(duplicate.copy.path)
    outcome = shared(duplicate)
    assert (outcome.way, outcome.freed_bytes) == ("", 0)
    assert "has changed in the meantime" in outcome.reason
    (duplicate,) = found()
    duplicate.copy.path.write_bytes(gguf("different"))
    assert "not the same" in shared(duplicate).reason
    assert duplicate.copy.path.read_bytes() == gguf("different")
    assert not os.path.samefile(*copies)


@pytest.mark.usefixtures("no_reflinks")
@pytest.mark.parametrize("side", ["keep", "copy"])
def test_what_is_open_for_writing_is_left_alone(copies: tuple[Path, Path], side: str) -> None:
    (duplicate,) = found()
    with open(getattr(duplicate, side).path, "rb+"):
        assert "is open for writing" in shared(duplicate).reason
    with open(duplicate.copy.path, "rb"):
        assert shared(duplicate).way == "hard link"


@pytest.mark.usefixtures("no_reflinks")
def test_without_leases_the_processes_are_asked(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.models.writers._lease_is_refused", lambda path: None)
    (duplicate,) = found()
    with open(duplicate.copy.path, "rb+"):
        assert "is open for writing" in shared(duplicate).reason
    assert shared(duplicate).way == "hard link"


def test_nothing_is_linked_across_file_systems(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Path("/dev/shm")
    if not there.is_dir() or there.stat().st_dev == machine.home.stat().st_dev:
        pytest.skip("there is only one file system")
    folder = there / f"workbench-{os.getpid()}"
    monkeypatch.setenv("WORKBENCH_MODELS", str(folder))
    try:
        written(folder / "copy.gguf", gguf())
        written(machine.folder / "m.gguf", gguf())
        (duplicate,) = found()
        assert "another file system" in duplicate.obstacle
        assert (duplicate.saves_bytes, shared(duplicate).way) == (0, "")
    finally:
        (folder / "copy.gguf").unlink()
        folder.rmdir()


def test_a_partial_download_beside_it_keeps_a_file_from_being_touched(copies: tuple[Path, Path]) -> None:
    written(copies[0].with_name(f"{copies[0].name}.workbench.incomplete"), b"")
    (duplicate,) = found()
    assert "is being downloaded" in duplicate.obstacle


@pytest.mark.usefixtures("no_reflinks")
def test_names_that_nobody_here_knows_keep_the_bytes(machine: Machine, copies: tuple[Path, Path]) -> None:
    os.link(copies[1], machine.home / "backup")
    (duplicate,) = found()
    assert duplicate.keep.path == copies[1]
    os.link(copies[0], machine.home / "another")
    os.link(copies[0], machine.home / "third")
    (duplicate,) = found()
    assert (duplicate.copy.path, duplicate.saves_bytes) == (copies[1], 0)


@pytest.mark.usefixtures("no_reflinks")
def test_without_reflinks_reflink_only_leaves_everything(copies: tuple[Path, Path]) -> None:
    (duplicate,) = found()
    assert "no reflinks" in shared(duplicate, only_reflink=True).reason
    assert not os.path.samefile(*copies)


@pytest.mark.usefixtures("no_reflinks")
def test_what_a_killed_run_left_is_no_hindrance(copies: tuple[Path, Path]) -> None:
    (duplicate,) = found()
    left = written(duplicate.copy.path.with_name(f".{duplicate.copy.path.name}.workbench-shared"), b"half")
    assert shared(duplicate).way == "hard link"
    assert not left.exists()
