"""Open a model with what was tuned for it, where that holds here, and say so.

Takes the place of `workbench.planning.opening.open_planned` wherever a person loads a model to use it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from workbench import paths
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, WorkbenchError
from workbench.planning.flags import flags
from workbench.planning.opening import open_planned

if TYPE_CHECKING:
    from workbench.tuning.choosing import Stale
    from workbench.tuning.profile import Profile


@dataclass(frozen=True, slots=True)
class Tuned:
    """The settings to load with, and what a person should know of the profile they come from."""

    settings: EngineSettings
    notices: tuple[str, ...] = ()


async def open_tuned(
    model: str,
    settings: EngineSettings,
    *,
    backend: str | None = None,
    most: int | None = None,
    progress: Callable[[float], None] = lambda share: None,
    serving: bool = False,
    recorded: bool = True,
) -> Provider:
    """As open_planned; what the settings leave open is taken from a profile first, which never makes it fail.

    `serving` is for loads that others may ask, several at once.
    """
    found = await asyncio.to_thread(tuned, model, settings, backend, serving=serving)
    opening = partial(open_planned, model, backend=backend, most=most, progress=progress, recorded=recorded)
    try:
        provider = await opening(found.settings)
    except DoesNotFit:
        if found.settings == settings:
            raise
        found = Tuned(settings, ("What was tuned for this model does not fit now, and is left aside.",))
        provider = await opening(settings)
    if found.notices:
        provider.facts = replace(provider.facts, notices=(*found.notices, *provider.facts.notices))
    return provider


def tuned(
    model: str, settings: EngineSettings, backend: str | None = None, *, serving: bool = False
) -> Tuned:
    """What a load of the model at this path takes from its profile; next to no work where there is none."""
    if settings.vocabulary_only or not (os.path.isdir(paths.profiles_folder()) and os.path.exists(model)):
        return Tuned(settings)
    from workbench.tuning.choosing import chosen, known
    from workbench.tuning.identity import identity
    from workbench.tuning.profile import is_tunable, open_to
    from workbench.tuning.profiles import kept

    if not is_tunable(settings):
        return Tuned(settings)
    try:
        profiles = known(model, kept(), lambda: identity(model, backend))
    except WorkbenchError:  # loading will say it better
        return Tuned(settings)
    profile = chosen(profiles.holding, settings, serving=serving)
    if profile is None:
        return Tuned(settings, _stale(profiles.stale))
    several = serving and profile.kind == "serving" and settings.leaves_open("parallel")
    loaded = replace(settings, parallel=profile.parallel) if several else settings
    changed = replace(loaded, **open_to(profile, loaded))
    return Tuned(changed, (told(profile, flags(changed, settings)),) if changed != settings else ())


def told(profile: Profile, written: str) -> str:
    """That these flags come from the profile, for the person who loads."""
    lossy = ", which changes answers a little" if profile.lossy else ""
    measured = f"{profile.gain:.0%} faster when measured"
    return (
        f"Tuned for {profile.aim} on this machine: {written} ({measured}){lossy}. --no-profile loads without."
    )


def _stale(stale: Sequence[Stale]) -> tuple[str, ...]:
    if not stale or not stale[0].profile.settings:
        return ()
    model, changed = stale[0].profile.model, stale[0].changed
    return (
        f"What was tuned for {model} is not used, because the {changed} is another one now; "
        f"`workbench tune {model}` tunes it again.",
    )
