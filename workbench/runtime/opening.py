"""Open a model through whichever backend supports it, and get a Provider.

Knows nothing of how an engine's process is run; see engine_process.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.backend import Provider
from workbench.engine_settings import EngineSettings


async def open_model(
    model: str,
    settings: EngineSettings,
    *,
    backend: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Provider:
    """Load the model at this path or address; cancelling the call stops the load and frees everything.

    Raises WorkbenchError with a remedy when the model or the settings are at fault.
    """
    raise NotImplementedError
