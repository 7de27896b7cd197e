"""Open a model through whichever backend supports it, and get a Provider.

Knows nothing of how an engine's process is run; see engine_process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workbench import registry
from workbench.backend import Backend, Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable
from workbench.runtime.engine_provider import EngineProvider
from workbench.runtime.messages import Open


async def open_model(
    model: str,
    settings: EngineSettings,
    *,
    backend: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Provider:
    """Load the model at this path or address; cancelling the call stops the load and frees everything.

    Raises WorkbenchError with a remedy when the model, the settings or the engine are at fault.
    """
    name, chosen = _choose(model, backend)
    status = chosen.status()
    if not status.available:
        raise EngineUnavailable(f"The backend {name!r} cannot run here.", status.remedy)
    if chosen.opens == "engine":
        return await EngineProvider.open(Open(name, model, settings), progress)

    def told(share: float) -> bool:
        progress(share)
        return True

    opened = await asyncio.to_thread(chosen.open, model, settings, told)
    assert isinstance(opened, Provider)
    return opened


def _choose(model: str, backend: str | None) -> tuple[str, Backend]:
    name = backend or registry.name_for(model)
    return name, registry.load(name)
