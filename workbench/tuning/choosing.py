"""Which of the kept profiles holds for a load, and which one did until something changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.engine_settings import EngineSettings
from workbench.tuning.identity import Identity
from workbench.tuning.profile import Profile

Changed = Literal["model", "machine", "engine"]


@dataclass(frozen=True, slots=True)
class Stale:
    """A profile that held until something became another one."""

    profile: Profile
    changed: Changed


@dataclass(frozen=True, slots=True)
class Known:
    """Profiles of one model, the newest first: those that hold, and of other aims those that did."""

    holding: tuple[Profile, ...] = ()
    stale: tuple[Stale, ...] = ()


def known(model: str, profiles: Sequence[Profile], identify: Callable[[], Identity]) -> Known:
    """Those about the model at this path; it is identified only where there may be any."""
    path = os.path.realpath(model)
    size = Path(model).stat().st_size if Path(model).is_file() else -1
    near = [one for one in profiles if one.path == path or one.size_bytes == size]
    if not near:
        return Known()
    now = identify()
    holding = tuple(one for one in near if one.identity == now)
    done = {one.kind for one in holding}
    others = [(one, _changed(one, path, now)) for one in near if one.kind not in done]
    return Known(holding, tuple(Stale(one, changed) for one, changed in others if changed is not None))


def _changed(profile: Profile, path: str, now: Identity) -> Changed | None:
    """None where it is about another model."""
    if profile.identity.model != now.model:
        return "model" if profile.path == path else None
    return "machine" if profile.identity.machine != now.machine else "engine"


def chosen(profiles: Sequence[Profile], settings: EngineSettings, *, serving: bool) -> Profile | None:
    """The one for this kind of load, tuned last; several requests at once are a kind of their own."""
    many = settings.parallel > 1 or (serving and settings.leaves_open("parallel"))
    several = next((one for one in profiles if one.kind == "serving"), None)
    one = next((one for one in profiles if one.kind != "serving"), None)
    if many and several is not None:
        return several
    return one if settings.parallel == 1 else None
