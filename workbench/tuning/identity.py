"""What a profile holds for: these bytes of a model, this machine, and this build of an engine."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.circumstances import circumstances
from workbench.models.locating import model_at


class Identity(msgspec.Struct, frozen=True):
    """The keys of its circumstances, which stay the same as long as speeds can be expected to."""

    model: str
    machine: str
    engine: str


def identity(path: str, backend: str | None) -> Identity:
    """Of a model here. Raises ModelNotFound, and as `circumstances` does."""
    found = circumstances(model_at(Path(path)), backend)
    return Identity(found.model.key, found.machine.key, found.engine.key)
