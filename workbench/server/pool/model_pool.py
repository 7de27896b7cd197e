"""The models that are served, by name: loaded when they are asked for, and unloaded to make room.

Loads happen one at a time, in the order in which they were asked for. Who waits for a model holds its place
until the load is done, and who uses one is never cut off: a model in use is unloaded after its last answer.
Knows nothing of how a model is opened, nor of memory; its offers say what they need and whether they fit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from workbench.backend import ModelFacts, Provider
from workbench.errors import EngineUnavailable, ModelNotFound
from workbench.server.access.caller import caller
from workbench.server.pool.lent_provider import LentProvider, Watch
from workbench.server.pool.model_offer import ModelOffer, Opener, Progress
from workbench.server.pool.room import Room
from workbench.server.pool.served_model import ServedModel, State
from workbench.server.request_model import note_model

Catalogue = Callable[[], Mapping[str, ModelOffer]]
_CATALOGUE_SECONDS = 5.0


class ModelPool:
    """Names to Providers. The pool owns them all, those it was given among them.

    `watch`, where it is set, sees what the models do.
    """

    def __init__(
        self,
        models: Mapping[str, Provider | Opener | ModelOffer],
        *,
        catalogue: Catalogue | None = None,
        room: Room = Room(),  # noqa: B008 - a value that nothing changes
    ) -> None:
        """`catalogue` tells further models whenever it is asked; what is loaded at once has `room`."""
        self.created = int(time.time())
        self.watch: Watch | None = None
        self._models: dict[str, ServedModel] = {}
        self._lent: dict[str, LentProvider] = {}
        self._aliases: dict[str, str] = {}
        self._catalogue = catalogue
        self._catalogue_read = float("-inf")
        self._room = room
        self._turn = asyncio.Lock()
        self._loads: dict[str, asyncio.Task[None]] = {}
        self._closed = False
        for name, model in models.items():
            self._add(name, model)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that the caller may use."""
        return tuple(name for name, model in self._models.items() if _may_use(model))

    @property
    def aliases(self) -> dict[str, str]:
        """Further names, each with the one it stands for."""
        return dict(self._aliases)

    async def refresh(self) -> None:
        """Take in what has come to the catalogue."""
        if self._catalogue is None or time.monotonic() - self._catalogue_read < _CATALOGUE_SECONDS:
            return
        self._catalogue_read = time.monotonic()
        for name, offer in (await asyncio.to_thread(self._catalogue)).items():
            if name not in self._models:
                self._add(name, offer)

    def model(self, name: str) -> ServedModel:
        """What is known of the model of that name or alias.

        Raises ModelNotFound, also where the caller may not use it.
        """
        found = self._models.get(self._aliases.get(name, name))
        if found is None or not _may_use(found):
            served = ", ".join(self.names[:20]) or "none"
            raise ModelNotFound(f"No model is served as {name[:200]!r}.", f"Ask for one of: {served}.")
        return found

    def at(self, path: str) -> ServedModel | None:
        """The model of that file, a loaded one first."""
        found = [model for model in self._models.values() if model.offer.path == path]
        return min(found, key=lambda model: model.provider is None, default=None)

    def serves(self, name: str) -> bool:
        """Whether a model of that name or alias is known."""
        return self._aliases.get(name, name) in self._models

    def facts(self, name: str) -> ModelFacts | None:
        """What the model says of itself, or None while it is not loaded. Raises ModelNotFound."""
        provider = self.model(name).provider
        return provider.facts if provider else None

    def state(self, name: str) -> State:
        """Raises ModelNotFound."""
        return self.model(name).state

    def loading(self, name: str) -> float | None:
        """The share of the model of that name that is loaded while it is being loaded, as far as is known."""
        found = self._models.get(self._aliases.get(name, name))
        return found.share if found else None

    def sampling(self, name: str) -> Mapping[str, object]:
        """The model's values for what a request leaves open; nothing for a model that is not known."""
        found = self._models.get(self._aliases.get(name, name))
        return found.offer.sampling if found else {}

    async def provider(self, name: str) -> Provider:
        """The model of that name, whose facts are known; a load goes on when the one who asked goes away.

        Raises ModelNotFound, and whatever loading raises; the next call then tries again.
        """
        if name not in self._models and name not in self._aliases:
            await self.refresh()
        model = self.model(name)
        note_model(model.name)
        lent = self._lent[model.name]
        await lent.load()
        return lent

    async def load(self, name: str) -> None:
        """Have it loaded now. Raises as `provider`."""
        await self.provider(name)
        async with self.model(name).lent():
            pass

    async def unload(self, name: str) -> None:
        """Unload it after its last answer. Raises ModelNotFound."""
        await self.model(name).unload()

    async def release(self, name: str) -> None:
        """Unload it as soon as nobody uses it; a pinned one stays. Raises ModelNotFound."""
        model = self.model(name)
        model.ttl = 0
        if not model.offer.pinned and not model.users:
            await model.unload()

    async def open_all(self) -> None:
        """Load what is to be preloaded, in the order given, as long as it fits beside what is loaded."""
        for model in list(self._models.values()):
            if (
                model.offer.preload
                and model.provider is None
                and await self._room.is_there(model, self._loaded())
            ):
                await self.load(model.name)

    async def close(self) -> None:
        """Stop every load and close every model. Idempotent."""
        self._closed = True
        loads = list(self._loads.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for model in self._models.values():
            model.refuse(_unloaded())
            await model.close()

    def _add(self, name: str, model: Provider | Opener | ModelOffer) -> None:
        served = self._models[name] = ServedModel(name, _offer(model), self._want)
        self._lent[name] = LentProvider(served, lambda: self.watch)
        self._aliases |= dict.fromkeys(served.offer.aliases, name)
        if isinstance(model, Provider):
            served.admit(model)

    def _want(self, model: ServedModel) -> None:
        if self._closed:
            model.refuse(_unloaded())
        elif model.name not in self._loads:
            model.share = 0.0
            self._loads[model.name] = asyncio.create_task(self._load(model))

    async def _load(self, model: ServedModel) -> None:
        try:
            async with self._turn:
                await model.settle()
                if model.provider is not None:
                    model.admit(model.provider)
                elif model.waiting:
                    await self._make_room(model)
                    model.admit(await model.offer.open(model.load_at))
        except asyncio.CancelledError:
            model.refuse(_unloaded())
            raise
        except Exception as error:  # each of those who wait is told, and the next one tries again
            model.refuse(error)
        finally:
            model.share = None
            del self._loads[model.name]

    async def _make_room(self, model: ServedModel) -> None:
        """Unload what is used least, until it fits; where nothing is left to unload, loading will tell."""
        await self._room.check(model, self._loaded())
        while not await self._room.is_there(model, self._loaded()):
            loaded = [other for other in self._loaded() if not other.offer.pinned]
            if not loaded:
                return
            await min(loaded, key=lambda other: (other.users > 0, other.last_used)).unload()

    def _loaded(self) -> list[ServedModel]:
        return [model for model in self._models.values() if model.provider is not None]


def _may_use(model: ServedModel) -> bool:
    return caller().may_use(model.name, *model.offer.aliases)


def _offer(model: Provider | Opener | ModelOffer) -> ModelOffer:
    if isinstance(model, ModelOffer):
        return model
    return (
        ModelOffer(open=partial(_given, model), pinned=True)
        if isinstance(model, Provider)
        else ModelOffer(open=model)
    )


async def _given(provider: Provider, progress: Progress) -> Provider:
    return provider


def _unloaded() -> EngineUnavailable:
    return EngineUnavailable("The models are being unloaded.", "Start the server again.")
