"""Machines with memory and cards that are not there, and models that are as large as real ones but empty."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import Blueprint
from tests.blueprints.blueprint import header_bytes
from tests.planning.cards import HERE
from workbench.machine import Gpu, Machine
from workbench.planning import deciding
from workbench.planning.places import Places, Seen, described


def pretend_machine(patch: pytest.MonkeyPatch, ram: int, *cards: object) -> Machine:
    """That this machine has so much memory, and these cards, whose sizes are worked out by the engine."""
    here = replace(HERE, ram_total=ram, ram_free=ram, gpus=tuple(Gpu("card") for _ in cards))

    def places(
        backend: str,
        here: Machine,
        ram_bytes: int | None = None,
        most: int | None = None,
        rpc_servers: tuple[str, ...] = (),
    ) -> Places | Seen:
        found = described(cards, ram, here)  # type: ignore[arg-type]
        return replace(found, virtual=True, budget=replace(found.budget, most=most))

    patch.setattr(deciding, "machine", lambda: here)
    patch.setattr(deciding, "on_this_machine", places)
    return here


def hollow(folder: Path, blueprint: Blueprint) -> str:
    """A file as large as the model's, with its header and no weights."""
    path = folder / f"{blueprint.architecture}.gguf"
    head = header_bytes(blueprint, {"tokenizer.ggml.model": "none"})
    size = len(head) + sum(-(-tensor.size_bytes // 32) * 32 for tensor in blueprint.tensors)
    path.write_bytes(head)
    os.truncate(path, size)
    return str(path)
