"""What the app is given from outside, so that a test or a screenshot can give it something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from workbench.backend import Provider
from workbench.chat.history import History
from workbench.engine_settings import EngineSettings
from workbench.machine import Machine, machine
from workbench.models import Description, describe_all, known_models
from workbench.models.hub.card import Card, card
from workbench.models.hub.repository import Repository, repository
from workbench.models.hub.search import SearchPage, Sort, search
from workbench.models.transfer.queue import DownloadQueue
from workbench.runtime.attached_provider import AttachedProvider, attached
from workbench.tuning.opening import open_tuned


class OpenModel(Protocol):
    """The shape of `workbench.tuning.opening.open_tuned`."""

    async def __call__(
        self, model: str, settings: EngineSettings, *, progress: Callable[[float], None]
    ) -> Provider: ...


class Attach(Protocol):
    """The shape of `workbench.runtime.attached_provider.attached`."""

    async def __call__(
        self, model: Path, progress: Callable[[float], None], /
    ) -> AttachedProvider | None: ...


class Search(Protocol):
    """The shape of `workbench.models.hub.search.search`, as far as the app uses it."""

    def __call__(self, query: str, *, sort: Sort = ..., cursor: str = ...) -> SearchPage: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What the hub is asked; each waits for the network, so call them off the event loop."""

    search: Search = search
    repository: Callable[[str], Repository] = repository
    card: Callable[[Repository], Card] = card


def described_models() -> list[Description]:
    """The models that can be chosen; reads each file's header, so call it off the event loop."""
    return describe_all(known_models())


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The machine, its models, the engine's door, the history, the hub and the time; the real if left out.

    `attach` finds a model in a server that runs, before `open_model` loads it here.
    """

    machine: Callable[[], Machine] = machine
    models: Callable[[], list[Description]] = described_models
    attach: Attach = attached
    open_model: OpenModel = open_tuned
    history: Callable[[], History] = History
    hub: Hub = field(default_factory=Hub)
    queue: Callable[[], DownloadQueue] = DownloadQueue
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
