"""The one model that the app holds open: none, loading, ready, failed or lost with the server that had it.

Knows nothing of screens; those who want to know of changes subscribe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import LoadCancelled, WorkbenchError
from workbench.models import Description
from workbench.runtime.attached_provider import AttachedProvider, gone
from workbench.tui.failures import as_problem
from workbench.tui.surroundings import Attach, OpenModel


@dataclass(frozen=True, slots=True)
class NoModel:
    """Nothing is loaded."""


@dataclass(frozen=True, slots=True)
class Loading:
    """So much of the model, from 0 to 1, is in memory."""

    model: Description
    share: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The model answers, here or in a server that runs."""

    model: Description
    provider: Provider

    @property
    def is_served(self) -> bool:
        return isinstance(self.provider, AttachedProvider)


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not be loaded."""

    model: Description
    error: WorkbenchError


@dataclass(frozen=True, slots=True)
class Lost:
    """The server that had the model loaded went away; whoever asks for the model has it loaded anew."""

    model: Description
    error: WorkbenchError


ModelState = NoModel | Loading | Ready | Failed | Lost


class Session:
    """Loads, replaces and closes the model, one at a time. Lives on one event loop."""

    def __init__(self, attach: Attach, open_model: OpenModel, settings: EngineSettings | None = None) -> None:
        self.state: ModelState = NoModel()
        self._attach = attach
        self._open_model = open_model
        self._settings = settings or EngineSettings()
        self._provider: Provider | None = None
        self._load: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._subscribers: list[Callable[[ModelState], None]] = []
        self._changed = asyncio.Event()

    def subscribe(self, subscriber: Callable[[ModelState], None]) -> None:
        """Call with the present state at once, and with each later one."""
        self._subscribers.append(subscriber)
        subscriber(self.state)

    def unsubscribe(self, subscriber: Callable[[ModelState], None]) -> None:
        self._subscribers.remove(subscriber)

    def load(self, model: Description, *, settings: EngineSettings | None = None, here: bool = False) -> None:
        """Begin to replace what is open, or is being opened. Ends as Ready, Failed or NoModel.

        `here` loads it even where a server that runs has it; `settings` take the place of the usual ones.
        """
        before = self._load
        self._load = asyncio.create_task(self._replace(before, model, settings or self._settings, here))
        self._become(Loading(model, 0.0))

    async def provider(self) -> Provider:
        """The open model, waited for while it loads. Raises LoadCancelled when none is going to be open."""
        if isinstance(self.state, Lost):
            self.load(self.state.model)
        while isinstance(self.state, Loading):
            await self._changed.wait()
        if isinstance(self.state, Ready):
            return self.state.provider
        raise LoadCancelled("No model is loaded.", "Choose one.")

    def stop_loading(self) -> None:
        if self._load is not None and isinstance(self.state, Loading):
            self._load.cancel()

    async def close(self) -> None:
        """Give the model's memory back."""
        load, self._load = self._load, None
        await _ended(load)
        await self._release()
        self._become(NoModel())

    async def _replace(
        self, before: asyncio.Task[None] | None, model: Description, settings: EngineSettings, here: bool
    ) -> None:
        ending: ModelState = NoModel()
        try:
            await _ended(before)
            await self._release()
            self._provider = await self._open(model, settings, here)
            ending = Ready(model, self._provider)
        except LoadCancelled:
            pass
        except Exception as error:  # a third party's backend may raise anything
            ending = Failed(model, as_problem(error))
        finally:
            if asyncio.current_task() is self._load:
                self._become(ending)
                if isinstance(self._provider, AttachedProvider):
                    self._watch = asyncio.create_task(self._tell_end(model, self._provider))

    async def _tell_end(self, model: Description, provider: AttachedProvider) -> None:
        await provider.ended()
        self._become(Lost(model, gone()))

    async def _open(self, model: Description, settings: EngineSettings, here: bool) -> Provider:
        loop = asyncio.get_running_loop()

        def progress(share: float) -> None:
            loop.call_soon_threadsafe(self._progress, model, share)

        if not (here or model.address) and (served := await self._attach(model.path, progress)) is not None:
            return served
        return await self._open_model(model.location, settings, progress=progress)

    async def _release(self) -> None:
        watch, self._watch = self._watch, None
        await _ended(watch)
        provider, self._provider = self._provider, None
        if provider is not None:
            await provider.close()

    def _progress(self, model: Description, share: float) -> None:
        if isinstance(self.state, Loading) and self.state.model is model:
            self._become(Loading(model, share))

    def _become(self, state: ModelState) -> None:
        self.state = state
        for subscriber in list(self._subscribers):
            subscriber(state)
        self._changed.set()
        self._changed = asyncio.Event()


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait until it has cleaned up."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
