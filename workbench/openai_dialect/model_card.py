"""The bodies of /v1/models: what is served, by name."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class ModelCard(Struct, kw_only=True):
    """One model. `context_length`, in tokens, is an extension, known once the model is loaded."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "workbench"
    context_length: int | UnsetType = UNSET


class ModelList(Struct, kw_only=True):
    """All of them."""

    object: str = "list"
    data: list[ModelCard]
