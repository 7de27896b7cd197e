"""Removing frees what it says, leaves everything else sound, and never leaves a store."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

import workbench_guide
from tests.models.machine import Machine, gguf, sha256, written
from workbench.errors import InvalidRequest, ModelNotFound, Unsupported, WorkbenchError
from workbench.models import local_models, unfinished_downloads
from workbench.models.block_sharing import reflink
from workbench.models.checksums import record_checksum, recorded_checksum
from workbench.models.removal import plan_removal, remove


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def removed(name: str, *, everywhere: bool = False) -> int:
    plan = plan_removal(name, everywhere=everywhere)
    remove(plan)
    return plan.freed_bytes


def test_ollamas_blobs_stay_while_another_name_needs_them(machine: Machine) -> None:
    library = "registry.ollama.ai/library"
    blob = machine.in_ollama(f"{library}/m/latest", gguf(), template="shared", license="mine alone")
    layers = [machine.layer("model", gguf()), machine.layer("template", b"shared")]
    machine.manifest(f"{library}/copy/latest", layers)
    plan = plan_removal("m")
    assert any("another model needs it" in note for note in plan.notes)
    remove(plan)
    assert blob.exists()
    assert not (machine.ollama / "blobs" / f"sha256-{sha256(b'mine alone')}").exists()
    assert not (machine.ollama / "manifests" / library / "m").exists()
    removed("copy:latest")
    assert everything_below(machine.ollama) == {"manifests", "blobs"}


def test_no_blob_of_ollama_goes_while_a_manifest_is_unclear(machine: Machine) -> None:
    blob = machine.in_ollama("registry.ollama.ai/library/m/latest", gguf())
    written(machine.ollama / "manifests/registry.ollama.ai/library/.hidden/latest", b"{")
    plan = plan_removal("m:latest")
    assert any("cannot be read" in note for note in plan.notes)
    remove(plan)
    assert blob.exists() and local_models() == []


def test_lm_studio_and_folders_lose_the_files_and_the_empty_folders(machine: Machine) -> None:
    written(machine.lm_studio / "pub" / "repo" / "m.gguf", gguf())
    keep = written(machine.lm_studio / "pub" / "other" / "notes.txt", b"mine")
    removed("pub/repo/m.gguf")
    assert everything_below(machine.lm_studio) == {"pub", "pub/other", "pub/other/notes.txt"}
    assert keep.exists()


def test_llama_cpps_notes_go_too(machine: Machine) -> None:
    machine.in_llama_cpp("org/m", "latest", "m.gguf", gguf())
    removed("org/m/m.gguf")
    assert everything_below(machine.llama_cpp) == set()


def test_a_model_folder_loses_what_belongs_to_the_model(machine: Machine) -> None:
    folder = machine.folder / "m"
    written(folder / "config.json", b"{}")
    written(folder / "model.safetensors", b"\2\0\0\0\0\0\0\0{}")
    written(folder / "thesis.docx", b"mine")
    plan = plan_removal("m")
    assert f"1 other file stays in {folder}." in plan.notes
    remove(plan)
    assert everything_below(machine.folder) == {"m", "m/thesis.docx"}


def test_a_link_out_of_the_folder_goes_and_its_target_stays(machine: Machine) -> None:
    target = written(machine.home / "outside" / "m.gguf", gguf())
    (machine.folder / "linked").mkdir(parents=True)
    (machine.folder / "linked" / "m.gguf").symlink_to(target)
    assert removed("linked/m") == 0
    assert target.exists() and local_models() == []


def test_a_folder_that_leads_elsewhere_is_left_alone(machine: Machine) -> None:
    target = written(machine.home / "outside" / "m.gguf", gguf())
    machine.folder.mkdir(parents=True)
    (machine.folder / "disk").symlink_to(target.parent)
    with pytest.raises(WorkbenchError, match=r"leads out of .*; nothing was removed"):
        removed("disk/m")
    assert target.exists()


def test_who_else_has_it_is_said_and_everywhere_means_everywhere(machine: Machine) -> None:
    data = gguf()
    link = machine.in_hub("org/m", "m.gguf", data)
    machine.in_ollama("registry.ollama.ai/library/m/latest", data)
    (machine.lm_studio / "org" / "m").mkdir(parents=True)
    os.link(link.resolve(), machine.lm_studio / "org" / "m" / "m.gguf")
    plan = plan_removal("org/m/m.gguf")
    assert plan.stores == ("Hugging Face",)
    assert plan.freed_bytes == 0
    assert "It is in Ollama, too, as m:latest." in plan.notes
    assert "It is in LM Studio, too, as org/m/m.gguf, which is the same file." in plan.notes
    assert any("hard links" in note for note in plan.notes)
    assert removed("org/m/m.gguf", everywhere=True) == 2 * len(data) + len(b'{"model_format": "gguf"}')
    assert local_models() == []


def test_what_is_being_downloaded_is_not_removed(machine: Machine) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    lock = written(machine.hub / ".locks" / "models--org--m" / f"{sha256(gguf())}.lock", b"")
    with open(lock, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(WorkbenchError, match="being downloaded"):
            removed("org/m")
    assert link.exists()
    removed("org/m")


def test_an_unfinished_download_goes_with_its_journal(machine: Machine) -> None:
    blobs = machine.hub / "models--org--m" / "blobs"
    written(blobs / f"{'e' * 64}.workbench.incomplete", bytes(8192))
    written(blobs / f"{'e' * 64}.workbench.journal", b"")
    (download,) = unfinished_downloads()
    assert removed(download.name) == 8192
    assert list(blobs.iterdir()) == []


def test_records_of_hashes_go_too(machine: Machine) -> None:
    file = written(machine.folder / "m.gguf", gguf())
    record_checksum(file, "a" * 64, "you")
    removed(str(file))
    assert recorded_checksum(file) is None


def test_what_is_open_elsewhere_can_still_be_read_there(machine: Machine) -> None:
    file = written(machine.folder / "m.gguf", gguf())
    with open(file, "rb") as reader:
        removed("m")
        assert reader.read() == gguf()


def test_what_may_not_be_removed_is_refused(machine: Machine) -> None:
    written(workbench_guide.PATH, gguf())
    outside = written(machine.home / "outside.gguf", gguf("outside"))
    machine.in_hub("org/m", "m-Q4_K_M.gguf", gguf("q4"))
    machine.in_hub("org/m", "m-Q8_0.gguf", gguf("q8"))
    for name, error in (
        ("guide", Unsupported),
        (str(workbench_guide.PATH), Unsupported),
        (str(outside), InvalidRequest),
        ("org/m", InvalidRequest),
        ("nothing", ModelNotFound),
    ):
        with pytest.raises(error):
            removed(name)
    assert outside.exists() and len(local_models()) == 3


def test_bytes_that_are_reflinks_of_other_files_are_not_called_freed(machine: Machine) -> None:
    file = written(machine.folder / "m.gguf", gguf("large", tensors=64))
    if not reflink(file, machine.home / "clone"):
        pytest.skip("this file system has no reflinks")
    plan = plan_removal("m")
    assert plan.freed_bytes == 0
    assert any("reflinks" in note for note in plan.notes)
