"""Backends by entry point. `names` imports none of them, `load` imports exactly one.

Knows no backend by name; bundled ones are found the same way as a third party's.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from workbench.backend import Backend
from workbench.errors import EngineUnavailable, ModelNotFound

GROUP = "workbench.backends"


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> list[str]:
    return sorted(_entries())


def load(name: str) -> Backend:
    """The backend of that name. Raises EngineUnavailable for an unknown or broken one."""
    entry = _entries().get(name)
    if entry is None:
        raise EngineUnavailable(f"There is no backend {name!r}.", f"Choose one of {', '.join(names())}.")
    try:
        backend = entry.load()()
    except Exception as error:  # third-party code may raise anything
        raise EngineUnavailable(
            f"The backend {name!r} cannot be loaded: {error}.", "Reinstall its package."
        ) from error
    if not isinstance(backend, Backend):
        raise EngineUnavailable(f"The backend {name!r} is no Backend.", "Update its package.")
    return backend


def name_for(model: str) -> str:
    """The first backend, by name, that supports the model and can run here, else the first that supports it.

    Raises ModelNotFound. A broken backend is passed over; when no other one supports the model, its error is
    raised.
    """
    broken: EngineUnavailable | None = None
    lacking = ""
    for name in names():
        try:
            backend = load(name)
            if not backend.supports(model):
                continue
            if backend.status().available:
                return name
            lacking = lacking or name
        except EngineUnavailable as error:
            broken = error
    if lacking:
        return lacking
    raise broken or ModelNotFound(f"No backend knows what {model} is.", "Give a GGUF file or `guide`.")
