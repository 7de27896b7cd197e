"""What `workbench serve` offers: the models that were named, or all that are on this machine.

Knows nothing of how they are served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from workbench import registry
from workbench.backend import Provider
from workbench.cli.loading import open_told, with_paths
from workbench.engine_settings import EngineSettings
from workbench.errors import ModelNotFound
from workbench.models import LocalModel, local_models, model_named
from workbench.models.presets import Preset, read_presets
from workbench.models.projectors import with_projector
from workbench.paths import presets_file
from workbench.planning.beside import FitsBeside
from workbench.server.pool.model_offer import ModelOffer, Progress
from workbench.tuning.opening import tuned

Offers = dict[str, ModelOffer]


@dataclass(frozen=True, slots=True)
class Manner:
    """How models are loaded and kept where no preset says otherwise."""

    settings: EngineSettings
    backend: str | None
    ttl: float | None
    chat_template: str | None = None
    most_bytes: int | None = None


def presets_of(path: Path | None) -> tuple[Preset, ...]:
    """Those in the file, or in the usual one where there is such a file."""
    if path is None and not presets_file().exists():
        return ()
    return read_presets(path or presets_file())


def named_offers(names: Sequence[str], presets: Sequence[Preset], manner: Manner) -> Offers:
    """Those that were named, each a preset's name or a model's. Raises ModelNotFound."""
    by_name = {preset.name: preset for preset in presets}
    found: list[tuple[str, LocalModel, Preset]] = []
    for name in names:
        preset = by_name.get(name)
        model = model_named(preset.model if preset else name)
        found.append((name if preset else model.name, model, preset or _about(model, presets)))
    offers = {name: _offer(model, preset, manner, preload=True) for name, model, preset in found}
    if len(offers) < len(names):
        raise click.UsageError("Two of the models have the same name.")
    return offers


def catalogue(presets: Sequence[Preset], manner: Manner) -> Callable[[], Offers]:
    """A function that tells what is on this machine now, under the names of presets and of the catalogue."""

    def offers() -> Offers:
        models = [model for model in local_models() if _can_be_opened(model)]
        told = {model.name: _offer(model, _about(model, presets), manner) for model in models}
        return told | _from_presets(presets, manner)

    return offers


def _from_presets(presets: Sequence[Preset], manner: Manner) -> Offers:
    offers: Offers = {}
    for preset in presets:
        try:
            model = model_named(preset.model)
        except ModelNotFound:  # it may come later, and the other models are served meanwhile
            continue
        offers[preset.name] = _offer(model, preset, manner, preload=preset.pin)
    return offers


def _about(model: LocalModel, presets: Sequence[Preset]) -> Preset:
    """What a preset says of the model under its own name."""
    own = (preset for preset in presets if preset.name == preset.model == model.name)
    return next(own, Preset(name=model.name, model=model.name))


def _offer(model: LocalModel, preset: Preset, manner: Manner, *, preload: bool = False) -> ModelOffer:
    given = manner.settings.given | preset.settings.keys()
    settings = with_projector(with_paths(replace(manner.settings, **preset.settings, given=given)), model)
    loaded = tuned(model.location, settings, manner.backend, serving=True).settings
    beside = FitsBeside(model.location, loaded, manner.backend, manner.most_bytes)

    async def opened(progress: Progress) -> Provider:
        template = manner.chat_template if preset.chat_template is None else preset.chat_template
        return await open_told(
            model, settings, manner.backend, template, progress, manner.most_bytes, serving=True
        )

    async def fits_beside(loaded: Sequence[Provider]) -> bool:
        return await asyncio.to_thread(beside, loaded)

    async def needs() -> int:
        return await asyncio.to_thread(beside.needs)

    return ModelOffer(
        needs=needs,
        open=opened,
        fits=fits_beside,
        path=model.location,
        aliases=preset.aliases,
        pinned=preset.pin,
        preload=preload,
        ttl=manner.ttl if preset.ttl is None else preset.ttl,
        system=preset.system,
        sampling=preset.sampling,
    )


def _can_be_opened(model: LocalModel) -> bool:
    try:
        return bool(registry.name_for(str(model.path)))
    except ModelNotFound:
        return False
