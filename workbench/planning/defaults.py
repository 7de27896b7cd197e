"""How a model is loaded when nobody says how: what fits this machine, found before anything is loaded.

A model that fits with room to spare costs one look at its header. Others are planned with the engine's help,
and what does not fit is refused with the changes that would make it fit. What a person has set is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, WorkbenchError
from workbench.gguf import read_model
from workbench.planning.formula import Formula

_SAFETY = 1.25
"""What the formula says, and what it may have missed."""
_SMALL_BYTES = 512 << 20
"""What takes no more than this goes wherever the engine puts it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings to load with, and what a person should know of how they came about."""

    settings: EngineSettings
    notices: tuple[str, ...] = ()


def default_settings(model: str, settings: EngineSettings, backend: str | None = None) -> Chosen:
    """The settings for the model at this path, with what was left open decided.

    Raises DoesNotFit, naming the cheapest changes. Whatever else goes wrong leaves the settings as they are:
    the engine will say it better.
    """
    if settings.vocabulary_only or settings.devices:
        return Chosen(settings)
    try:
        header = read_model(model)
        need = int(Formula(header).estimate(settings).host.total_bytes * _SAFETY)
        if need <= min(_SMALL_BYTES, psutil.virtual_memory().available // 2):
            return Chosen(settings)
        from workbench.planning.deciding import decided

        return Chosen(*decided(model, header, settings, need, backend))
    except DoesNotFit:
        raise
    except WorkbenchError:
        return Chosen(settings)
