"""The bodies of /api/tags, /api/ps, /api/show and /api/version: what is served, in Ollama's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from workbench.backend import ModelFacts
from workbench.ollama_dialect.capabilities import capabilities_of
from workbench.ollama_dialect.requests import Name

API_VERSION = "0.12.6"
"""Of Ollama's API as it is spoken here; some clients want a recent one."""

_NEVER = "9999-12-31T23:59:59Z"


class ModelDetails(Struct, kw_only=True):
    """What is known of a model; empty texts where it was never loaded."""

    parent_model: str = ""
    format: str = "gguf"
    family: str = ""
    families: list[str] = []
    parameter_size: str = ""
    quantization_level: str = ""


class OllamaModel(Struct, kw_only=True):
    """A model that can be asked for. There is no digest: no file is hashed for this."""

    name: str
    model: str
    modified_at: str
    size: int = 0
    digest: str = ""
    details: ModelDetails


class OllamaModels(Struct):
    """All of them."""

    models: list[OllamaModel]


class RunningModel(Struct, kw_only=True):
    """A model that is loaded."""

    name: str
    model: str
    size: int
    digest: str = ""
    details: ModelDetails
    expires_at: str
    size_vram: int = 0
    context_length: int


class RunningModels(Struct):
    """All that are loaded."""

    models: list[RunningModel]


class OllamaShowRequest(Struct, kw_only=True):
    """Names a model, in the newer form or the older."""

    model: Name | None = None
    name: Name | None = None
    verbose: bool | None = None


class OllamaShown(Struct, kw_only=True):
    """What a model is."""

    modelfile: str = ""
    parameters: str = ""
    license: str = ""
    template: str
    details: ModelDetails
    model_info: dict[str, Any]
    capabilities: list[str]
    modified_at: str


class OllamaVersion(Struct):
    """The version of the API; `workbench` is that of this program."""

    version: str
    workbench: str


def time_text(created: float) -> str:
    """Seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(created, UTC).isoformat()


def details_of(facts: ModelFacts | None) -> ModelDetails:
    if facts is None:
        return ModelDetails()
    return ModelDetails(
        family=facts.architecture,
        families=[facts.architecture],
        parameter_size=_size(facts.parameters),
        quantization_level=facts.quantization,
    )


def listed(name: str, created: int, facts: ModelFacts | None) -> OllamaModel:
    return OllamaModel(
        name=name,
        model=name,
        modified_at=time_text(created),
        size=facts.size_bytes if facts else 0,
        details=details_of(facts),
    )


def running(name: str, facts: ModelFacts, expires: float | None) -> RunningModel:
    """`expires` is in seconds since 1970; None for never."""
    return RunningModel(
        name=name,
        model=name,
        size=facts.size_bytes,
        details=details_of(facts),
        expires_at=_NEVER if expires is None else time_text(expires),
        context_length=facts.context_length,
    )


def shown(created: int, facts: ModelFacts) -> OllamaShown:
    architecture = facts.architecture
    return OllamaShown(
        template=facts.chat_template or "",
        details=details_of(facts),
        model_info={
            "general.architecture": architecture,
            "general.parameter_count": facts.parameters,
            f"{architecture}.context_length": facts.trained_context,
            f"{architecture}.embedding_length": facts.embedding_length,
        },
        capabilities=capabilities_of(facts),
        modified_at=time_text(created),
    )


def _size(parameters: int) -> str:
    """As Ollama writes it: "7.6B", "494M"."""
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f}B"
    return f"{parameters / 1e6:.0f}M" if parameters else ""
