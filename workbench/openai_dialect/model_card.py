"""The bodies of /v1/models and /health: what is served, by name."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from workbench.backend import ModelFacts


class LoadedModel(Struct, kw_only=True):
    """What a model that is loaded says of itself.

    Lengths are in tokens; `placement` says in words where the weights are, and `parallel` how many requests
    it answers at once. `embedding_length` is 0 where it makes no vectors, and what is unknown is 0 too.
    """

    architecture: str
    quantization: str
    parameters: int
    size_bytes: int
    context_length: int
    trained_context: int
    vocabulary_size: int
    parallel: int
    placement: str
    capabilities: list[str]
    embedding_length: int


class ModelCard(Struct, kw_only=True):
    """One model.

    All after `owned_by` is an extension: what Anthropic's clients read, how it is, and what once loaded.
    `progress` is the share that is loaded, from 0 to 1, while it is being loaded.
    """

    id: str
    object: str = "model"
    created: int
    owned_by: str = "workbench"
    type: str = "model"
    display_name: str
    created_at: str
    state: str
    progress: float | UnsetType = UNSET
    waiting: int
    aliases: list[str]
    context_length: int | UnsetType = UNSET
    details: LoadedModel | UnsetType = UNSET


class Health(Struct, kw_only=True):
    """That the server answers, and which of the models that the caller may use are there.

    `status` is "loading" while the first is being loaded, else "ok". `progress` is the share from 0 to 1 that
    is loaded of each that is being loaded.
    """

    status: Literal["ok", "loading"]
    loaded: list[str]
    loading: list[str]
    progress: dict[str, float]


def details_of(facts: ModelFacts) -> LoadedModel:
    told: dict[str, Any] = {
        name: getattr(facts, name) for name in LoadedModel.__struct_fields__ if name != "capabilities"
    }
    return LoadedModel(**told, capabilities=sorted(facts.capabilities))
