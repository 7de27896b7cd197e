"""Open a model with settings that fit this machine, and say what was decided.

Takes the place of `workbench.runtime.open_model` wherever a person loads a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, ModelNotFound
from workbench.planning.defaults import Chosen, default_settings, is_small
from workbench.runtime import open_model
from workbench.runtime.engine_provider import EngineProvider


async def open_planned(
    model: str,
    settings: EngineSettings,
    *,
    backend: str | None = None,
    most: int | None = None,
    recorded: bool = True,
    progress: Callable[[float], None] = lambda share: None,
) -> Provider:
    """As open_model; what the settings leave open is decided first, and told among the notices.

    The model may take `most` bytes in all, or what there is. Recording the load takes a processor for a
    second or two, beside what the model is used for.

    Raises as open_model, DoesNotFit with the changes that would make it fit, and InvalidModel for weights
    that only other engines run.
    """
    chosen = Chosen(settings)
    if most is not None or not is_small(model, settings):
        chosen = await asyncio.to_thread(default_settings, model, settings, backend, most)
    try:
        provider = await open_model(model, chosen.settings, backend=backend, progress=progress)
    except DoesNotFit as error:
        from workbench.planning.deciding import with_changes

        raise await asyncio.to_thread(with_changes, error, model, chosen.settings, backend) from error
    except ModelNotFound:
        from workbench.models.runnable import check_location

        check_location(model)
        raise
    if recorded:
        loop = asyncio.get_running_loop()
        recording = loop.run_in_executor(None, _record, model, chosen.settings, backend, provider)
        if isinstance(provider, EngineProvider):
            provider.stay_for(recording)
    if chosen.notices:
        provider.facts = replace(provider.facts, notices=(*chosen.notices, *provider.facts.notices))
    return provider


def _record(model: str, settings: EngineSettings, backend: str | None, provider: Provider) -> None:
    """The import takes longer than the recording, and nothing waits for either."""
    from workbench.planning.recording import record

    record(model, settings, backend, provider)
