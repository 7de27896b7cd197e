"""Finds the engine that can make files of fewer bits of a model, or measure what counts in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench import registry
from workbench.backend import Backend
from workbench.errors import InvalidRequest, Unsupported
from workbench.models import LocalModel
from workbench.ports import Calibrator, Quantizer


@contextmanager
def calibrator_for(model: LocalModel) -> Iterator[tuple[Calibrator, str]]:
    """A calibrator, closed at the end, and its engine's name and version. Raises where there is none."""
    backend = _backend(model)
    calibrator = backend.calibrator()
    if calibrator is None:
        raise Unsupported(f"The engine {backend.name} makes no importance matrices.", "Take a GGUF file.")
    try:
        yield calibrator, _engine(backend)
    finally:
        calibrator.close()


@contextmanager
def quantizer_for(model: LocalModel) -> Iterator[tuple[Quantizer, str]]:
    """A quantizer, closed at the end, and its engine's name and version. Raises where there is none."""
    backend = _backend(model)
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


def _backend(model: LocalModel) -> Backend:
    if model.place.kind != "gguf":
        raise InvalidRequest(f"{model.name} is no GGUF file.", "`workbench convert` makes one of a folder.")
    return registry.load(registry.name_for(str(model.path)))


def _engine(backend: Backend) -> str:
    return f"{backend.name} {backend.status().version}".strip()
