"""Removing from the Hugging Face cache: its own client finds nothing wrong with what is left."""

from __future__ import annotations

import os

from tests.models.machine import COMMIT, OTHER_COMMIT, Machine, gguf, written
from workbench.models import local_models
from workbench.models.removal import plan_removal, remove


def removed(name: str) -> int:
    plan = plan_removal(name)
    remove(plan)
    return plan.freed_bytes


def test_a_quant_goes_and_the_rest_of_the_repository_stays_sound(machine: Machine) -> None:
    from huggingface_hub import scan_cache_dir, try_to_load_from_cache

    going = machine.in_hub("org/m", "m-Q4_K_M.gguf", gguf("q4"))
    staying = machine.in_hub("org/m", "m-Q8_0.gguf", gguf("q8"))
    blob, size = going.resolve(), going.stat().st_size
    assert removed("org/m:Q4_K_M") == size
    assert not blob.exists() and not going.is_symlink()
    scanned = scan_cache_dir(machine.hub)
    assert not scanned.warnings
    assert try_to_load_from_cache("org/m", "m-Q8_0.gguf", cache_dir=machine.hub) == str(staying)


def test_the_last_file_takes_the_repository_with_it(machine: Machine) -> None:
    machine.in_hub("org/m", "m.gguf", gguf())
    folder = machine.hub / "models--org--m"
    written(folder / "trees" / f"{COMMIT}.json", b"[]")
    written(folder / ".no_exist" / COMMIT / "config.json", b"")
    removed("org/m/m.gguf")
    assert not folder.exists()


def test_a_blob_that_another_revision_has_under_another_name_stays(machine: Machine) -> None:
    machine.in_hub("org/m", "m.gguf", gguf())
    other = machine.in_hub("org/m", "renamed.gguf", gguf(), commit=OTHER_COMMIT, branch="v1")
    plan = plan_removal("org/m/m.gguf")
    assert plan.freed_bytes == 0
    assert any("another snapshot uses it" in note for note in plan.notes)
    remove(plan)
    assert other.read_bytes() == gguf()
    assert not (machine.hub / "models--org--m" / "refs" / "main").exists()


def test_all_revisions_with_the_same_file_go_together(machine: Machine) -> None:
    links = [
        machine.in_hub("org/m", "m.gguf", gguf(), commit=commit, branch=branch)
        for commit, branch in ((COMMIT, "main"), (OTHER_COMMIT, ""))
    ]
    size = links[0].stat().st_size
    assert removed("org/m") == size
    assert local_models() == []


def test_a_projector_stays_while_another_quant_uses_it(machine: Machine) -> None:
    for name in ("m-Q4_K_M", "m-Q8_0", "mmproj-F16"):
        machine.in_hub("org/m", f"{name}.gguf", gguf(name))
    plan = plan_removal("org/m:Q4_K_M")
    assert "mmproj-F16.gguf stays: another model uses it." in plan.notes
    remove(plan)
    removed("org/m:Q8_0")
    assert not (machine.hub / "models--org--m").exists()


def test_shards_go_together(machine: Machine) -> None:
    for number in (1, 2):
        machine.in_hub("org/big", f"big-0000{number}-of-00002.gguf", gguf(f"{number}"))
    assert len(plan_removal("org/big").removals[0].files) >= 4
    removed("org/big")
    assert list(machine.hub.iterdir()) == []


def test_a_blob_in_the_shared_folder_goes_with_its_last_link(machine: Machine) -> None:
    """huggingface_hub's own layout for Xet: a marked folder, and the list of links beside the bytes."""
    data = gguf()
    payload = machine.hub / "blobs" / "ab" / ("ab" * 32)
    written(machine.hub / "blobs" / ".huggingface-shared-blobs", b"1\n")
    blobs = []
    for name in ("one", "two"):
        blob = machine.in_hub(f"org/{name}", "m.gguf", data).resolve()
        blob.unlink()
        written(payload, data)
        blob.symlink_to(os.path.relpath(payload, blob.parent))
        blobs.append(str(blob.relative_to(machine.hub)))
    written(payload.with_name(f"{payload.name}.refs"), "\n".join([*blobs, ""]).encode())
    assert removed("org/one/m.gguf") == 0
    assert payload.exists()
    size = payload.stat().st_size
    assert removed("org/two/m.gguf") == size
    assert not payload.exists()
