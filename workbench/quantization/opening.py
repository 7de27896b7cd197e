"""Finds the engine that can make files of fewer bits of a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench import registry
from workbench.backend import Backend
from workbench.errors import InvalidRequest, Unsupported
from workbench.models import LocalModel
from workbench.ports import Quantizer


@contextmanager
def quantizer_for(model: LocalModel) -> Iterator[tuple[Quantizer, str]]:
    """A quantizer, closed at the end, and its engine's name and version. Raises where there is none."""
    if model.place.kind != "gguf":
        raise InvalidRequest(f"{model.name} is no GGUF file.", "`workbench convert` makes one of a folder.")
    backend = registry.load(registry.name_for(str(model.path)))
    quantizer = backend.quantizer()
    if quantizer is None:
        raise Unsupported(f"The engine {backend.name} cannot quantize.", "Take a GGUF file.")
    try:
        yield quantizer, _engine(backend)
    finally:
        quantizer.close()


def any_quantizer() -> Quantizer:
    """One that can be asked for its types. Raises Unsupported where no engine has any."""
    for name in registry.names():
        if (quantizer := registry.load(name).quantizer()) is not None:
            return quantizer
    raise Unsupported("No engine here can quantize.", "`workbench backends` lists the engines.")


def _engine(backend: Backend) -> str:
    return f"{backend.name} {backend.status().version}".strip()
