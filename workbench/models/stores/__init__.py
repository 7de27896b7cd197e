"""The places on this machine where programs keep models, one module for each.

A store says what it holds and what would have to go to remove one of its models; it changes nothing itself.
To add one, write a module with a class like those here and name it below. `stored.py` has the values.
"""

from __future__ import annotations

from workbench.models.stores.bundled import Bundled
from workbench.models.stores.folders import Folders
from workbench.models.stores.hugging_face import HuggingFace
from workbench.models.stores.llama_cpp import LlamaCpp
from workbench.models.stores.lm_studio import LmStudio
from workbench.models.stores.ollama import Ollama
from workbench.models.stores.stored import (
    Kind,
    Removal,
    Store,
    StoredFile,
    StoredModel,
    UnfinishedDownload,
)

__all__ = [
    "STORES",
    "Kind",
    "Removal",
    "Store",
    "StoredFile",
    "StoredModel",
    "UnfinishedDownload",
    "store_of",
]

STORES: tuple[Store, ...] = (Bundled(), Folders(), HuggingFace(), Ollama(), LmStudio(), LlamaCpp())
"""In this order the first to hold a model gives it its name."""


def store_of(slug: str) -> Store:
    return next(store for store in STORES if store.slug == slug)
