"""What the app is given from outside, so that a test or a screenshot can give it something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from workbench.backend import Provider
from workbench.chat.history import History
from workbench.engine_settings import EngineSettings
from workbench.machine import Machine, machine
from workbench.models import Description, describe_all, local_models
from workbench.runtime import open_model


class OpenModel(Protocol):
    """The shape of `workbench.runtime.open_model`."""

    async def __call__(
        self, model: str, settings: EngineSettings, *, progress: Callable[[float], None]
    ) -> Provider: ...


def described_models() -> list[Description]:
    """The models on this machine; reads each file's header, so call it off the event loop."""
    return describe_all(local_models())


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The machine, its models, the engine's door, the history and the time; the real ones if left out."""

    machine: Callable[[], Machine] = machine
    models: Callable[[], list[Description]] = described_models
    open_model: OpenModel = open_model
    history: Callable[[], History] = History
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
