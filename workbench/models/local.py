"""The models on this machine: what all stores hold, each model once however many places it is in.

Only names and inodes are looked at here, and a few pieces of files that could be the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.models.remembered import remembered
from workbench.models.sameness import grouped
from workbench.models.stores import STORES, StoredModel, UnfinishedDownload
from workbench.models.stores.plain_files import model_outside


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that can be opened at `path`; `places` are all that hold it, the one at `path` first.

    A model that a server elsewhere has is at an `address`, and its path is none.
    """

    name: str
    path: Path
    places: tuple[StoredModel, ...] = field(default=(), compare=False, repr=False)
    address: str = ""

    @property
    def location(self) -> str:
        """What an engine opens."""
        return self.address or str(self.path)

    @property
    def stores(self) -> tuple[str, ...]:
        """The slugs of the stores that hold it."""
        return tuple(dict.fromkeys(place.store for place in self.places if place.store))

    @property
    def place(self) -> StoredModel:
        """The place of what is at `path`."""
        return self.places[0] if self.places else model_outside(self.path)


def local_models() -> list[LocalModel]:
    """Every model once, called as the first store to hold it calls it; `guide` comes first."""
    with remembered() as known:
        groups = grouped(list(_once(model for store in STORES for model in store.models())), known)
    models: dict[str, LocalModel] = {}
    for places in groups:
        name = next((name for name in _names(places[0]) if name not in models), None)
        if name is not None:
            models[name] = LocalModel(name, places[0].path, tuple(places))
    return list(models.values())


def unfinished_downloads() -> list[UnfinishedDownload]:
    """What the workbench began to fetch and did not finish."""
    return [download for store in STORES for download in store.unfinished()]


def _once(models: Iterable[StoredModel]) -> Iterable[StoredModel]:
    """Each file or folder in the first store that has it, also where two stores' folders are the same one."""
    seen: set[str] = set()
    for model in models:
        here = os.path.join(os.path.realpath(model.path.parent), model.path.name)
        key = f"{model.name}\0{here}" if model.store == "ollama" else here
        if key not in seen:
            seen.add(key)
            yield model


def _names(place: StoredModel) -> tuple[str, ...]:
    """What to call it, from the usual name to what is used only where that is another model's."""
    return place.name, f"{place.store}:{place.name}", str(place.path)
