"""How a model is loaded when nobody says how: what fits this machine, found before anything is loaded.

A small file costs nothing, and a model that fits with room to spare one look at its header. Others are
planned with the engine's help, and what does not fit is refused with the changes that would make it fit. What
a person has set is kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, WorkbenchError

if TYPE_CHECKING:
    from workbench.gguf import Header
    from workbench.planning.deciding import Decision

_SMALL_FILE = 128 << 20
_SMALL_CONTEXT = 32_768
_SAFETY = 1.25
"""What the formula says, and what it may have missed."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings to load with, and what a person should know of how they came about."""

    settings: EngineSettings
    notices: tuple[str, ...] = ()


def is_small(model: str, settings: EngineSettings) -> bool:
    """Whether the model goes wherever the engine puts it, and the engine's own check is enough."""
    tokens = (settings.context_length or 0) * settings.parallel
    try:
        files = [file for file in (model, settings.draft, settings.projector) if file]
        return sum(map(os.path.getsize, files)) <= _SMALL_FILE and tokens <= _SMALL_CONTEXT
    except OSError:
        return True


def default_settings(
    model: str, settings: EngineSettings, backend: str | None = None, most: int | None = None
) -> Chosen:
    """The settings for the model at this path, with what was left open decided.

    It may take `most` bytes in all, or what there is.

    Raises DoesNotFit, naming the cheapest changes. Whatever else goes wrong leaves the settings as they are:
    the engine will say it better.
    """
    if settings.vocabulary_only or settings.devices or (most is None and is_small(model, settings)):
        return Chosen(settings)
    from workbench.gguf import read_model
    from workbench.planning.deciding import decided
    from workbench.planning.estimates import draft_header

    try:
        header = read_model(model)
        models = [one for one in (header, draft_header(settings)) if one is not None]
        decision = decided(model, header, settings, _need(models, settings), backend, most)
        return Chosen(decision.settings, decision.notices)
    except DoesNotFit:
        raise
    except WorkbenchError:
        return Chosen(settings)


def decided_from_afar(header: Header, settings: EngineSettings, backend: str) -> Decision:
    """What would be decided for a model of which only the header is here. Raises as `default_settings`."""
    from workbench.planning.deciding import Decision, decided

    if settings.devices:
        return Decision(settings)
    return decided(header.source_name, header, settings, _need([header], settings), backend)


def _need(headers: list[Header], settings: EngineSettings) -> int:
    """What models take at most on the processor alone."""
    from workbench.planning.formula import Formula

    return int(sum(Formula(one).estimate(settings).host.total_bytes for one in headers) * _SAFETY)
