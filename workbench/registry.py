"""Backends by entry point. `names` imports none of them, `load` imports exactly one.

Knows no backend by name; bundled ones are found the same way as a third party's.
"""

from __future__ import annotations

from workbench import entry_point
from workbench.backend import Backend
from workbench.errors import EngineUnavailable, ModelNotFound

GROUP = "workbench.backends"


def names() -> list[str]:
    return entry_point.names(GROUP)


def load(name: str) -> Backend:
    """The backend of that name. Raises EngineUnavailable for an unknown or broken one."""
    return entry_point.make(GROUP, name, Backend, "backend", EngineUnavailable)


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
