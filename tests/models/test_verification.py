"""Is my model still intact: against published hashes, against recorded ones, and by structure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.models.machine import Machine, gguf, git_sha1, sha256, written
from workbench import paths
from workbench.models import local_models
from workbench.models.checksums import forget_checksums, record_checksum, recorded_checksum
from workbench.models.locating import found
from workbench.models.stores import StoredFile
from workbench.models.verification import Verdict, files_to_verify, hash_of, missing_files, verify


def verdicts() -> list[Verdict]:
    (model,) = local_models()
    return [
        *missing_files(model),
        *(verify(file, lambda done, total: None) for file in files_to_verify(model)),
    ]


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    state = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("store", ["hub", "ollama", "llama.cpp", "shared"])
def test_published_hashes_find_a_flipped_bit(machine: Machine, store: str) -> None:
    data = gguf()
    match store:
        case "ollama":
            file = machine.in_ollama("registry.ollama.ai/library/m/latest", data)
        case "llama.cpp":
            file = machine.in_llama_cpp("org/m", "latest", "m.gguf", data)
        case _:
            file = machine.in_hub("org/m", "m.gguf", data).resolve()
    if store == "shared":
        payload = machine.hub / "blobs" / "ab" / ("ab" * 32)
        payload.parent.mkdir(parents=True)
        os.symlink(file.rename(payload), file)
    (verdict,) = verdicts()
    assert (verdict.status, verdict.basis, verdict.actual) == ("whole", "published", sha256(data))
    flip(file.resolve())
    (verdict,) = verdicts()
    assert (verdict.status, verdict.expected, verdict.sound) == ("damaged", sha256(data), False)
    assert "not what was published" in verdict.message


def test_gits_hash_of_small_files_is_known_as_well(machine: Machine) -> None:
    data = gguf()
    file = written(machine.home / "x", data)
    assert hash_of(file, git_sha1(data), lambda done, total: None) == git_sha1(data)
    assert verify(StoredFile(file, git_sha1(data)), lambda done, total: None).status == "whole"


def test_without_a_published_hash_the_first_time_records_and_later_ones_compare(machine: Machine) -> None:
    file = written(machine.folder / "m.gguf", gguf())
    (first,) = verdicts()
    assert (first.status, first.basis, first.actual) == ("recorded", "structure", sha256(gguf()))
    (second,) = verdicts()
    assert (second.status, second.basis, second.since) == ("whole", "recorded", first.since)
    flip(file)
    (rotten,) = verdicts()
    assert rotten.status == "damaged"
    assert first.since in rotten.message and "nothing wrote to it" in rotten.message
    os.utime(file)
    (written_to,) = verdicts()
    assert "last written to on" in written_to.message
    renewed = verify(StoredFile(file), lambda done, total: None, renew=True)
    assert (renewed.status, verdicts()[0].status) == ("recorded", "whole")


@pytest.mark.parametrize(("damage", "message"), [(-16, "weights are missing"), (0, "not a GGUF")])
def test_a_file_that_was_never_right_is_not_recorded(machine: Machine, damage: int, message: str) -> None:
    file = written(machine.folder / "m.gguf", gguf()[:damage] if damage else b"<html>" + gguf())
    (verdict,) = verdicts()
    assert (verdict.status, verdict.basis) == ("damaged", "structure")
    assert message in verdict.message
    assert recorded_checksum(file) is None


def test_all_shards_and_copies_are_verified_and_missing_ones_are_named(machine: Machine) -> None:
    for number in (1, 3):
        machine.in_hub("org/big", f"big-0000{number}-of-00003.gguf", gguf(f"{number}"))
    assert [(verdict.status, verdict.path.name[:9]) for verdict in verdicts()] == [
        ("missing", "big-00002"),
        ("whole", "big-00001"),
        ("whole", "big-00003"),
    ]


def test_each_copy_is_read_but_no_bytes_twice(machine: Machine) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    written(machine.folder / "copy.gguf", gguf())
    os.link(link.resolve(), machine.folder / "linked.gguf")
    (model,) = local_models()
    assert len(model.places) == 3
    assert sorted(file.digest for file in files_to_verify(model)) == ["", sha256(gguf())]


def test_a_path_into_a_store_is_verified_by_the_stores_hash(machine: Machine) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    outside = written(machine.home / "outside.gguf", gguf("outside"))
    (inside,) = found(str(link), local_models())
    assert [file.digest for file in files_to_verify(inside)] == [sha256(gguf())]
    (alone,) = found(str(outside), local_models())
    assert [file.digest for file in files_to_verify(alone)] == [""]


def test_an_unreadable_file_is_said_to_be_so(machine: Machine) -> None:
    verdict = verify(StoredFile(machine.home / "gone.gguf", "a" * 64), lambda done, total: None)
    assert (verdict.status, verdict.sound) == ("unreadable", False)


def test_the_ledger_keeps_what_it_cannot_read(machine: Machine) -> None:
    file = written(machine.home / "m", b"data")
    ledger = paths.data_folder() / "checksums.json"
    written(ledger, b"scrambled")
    record_checksum(file, "A" * 64, "you")
    known = recorded_checksum(file)
    assert known is not None
    assert (known.sha256, known.origin, known.size_bytes) == ("a" * 64, "you", 4)
    assert ledger.with_suffix(".unreadable.json").read_bytes() == b"scrambled"
    forget_checksums([file])
    assert recorded_checksum(file) is None
    record_checksum(file, "b" * 64, "you")
    assert ledger.with_suffix(".unreadable.json").read_bytes() == b"scrambled"


@pytest.mark.parametrize("record", [7, {}, {"sha256": 7}, ["a"]])
def test_records_may_be_anything(machine: Machine, record: object) -> None:
    file = written(machine.home / "m", b"data")
    written(paths.data_folder() / "checksums.json", json.dumps({"files": {str(file): record}}).encode())
    assert recorded_checksum(file) is None


def test_several_processes_lose_no_record(machine: Machine) -> None:
    from multiprocessing import get_context

    files = [written(machine.home / f"{number}", b"x") for number in range(16)]
    with get_context("spawn").Pool(4) as pool:
        pool.starmap(record_checksum, [(file, "a" * 64, "you") for file in files])
    assert all(recorded_checksum(file) for file in files)
