"""`workbench tune --show` and `--forget`: what was tuned, and whether it still holds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from workbench import wording
from workbench.cli import output
from workbench.engine_settings import EngineSettings
from workbench.errors import ModelNotFound, WorkbenchError
from workbench.models import locate
from workbench.planning.flags import flags
from workbench.tuning import profiles
from workbench.tuning.choosing import known
from workbench.tuning.identity import identity
from workbench.tuning.profile import Profile


def show(model: str | None, as_json: bool) -> None:
    found = _of(model) if model is not None else profiles.kept()
    if as_json:
        output.document([_document(profile) for profile in found])
        return
    if not found:
        output.note("Nothing was tuned yet; `workbench tune MODEL` does.")
        return
    output.table(
        ("model", "for", "tuned", "usual", "tokens/s", "settings", "state"), map(_row, found), right=(3, 4)
    )


def forget(model: str | None, as_json: bool) -> None:
    if model is None:
        raise click.UsageError("Name the MODEL to forget.")
    found = _of(model)
    if not found:
        raise ModelNotFound(f"Nothing was tuned for {model}.", "`workbench tune --show` lists what was.")
    profiles.forget(found)
    if as_json:
        output.document([_document(profile) for profile in found])
    else:
        output.line(f"Forgot {wording.count(len(found), 'profile')} of {found[0].model}.")


def _of(model: str) -> tuple[Profile, ...]:
    """Those of a model, which need not be here any more."""
    kept = profiles.kept()
    try:
        path = str(locate(model).path)
    except ModelNotFound:
        by_name = tuple(one for one in kept if model in (one.model, one.path))
        if not by_name:
            raise
        return by_name
    about = known(path, kept, lambda: identity(path, None))
    same = {one.identity.model for one in (*about.holding, *(one.profile for one in about.stale))}
    return tuple(one for one in kept if one.identity.model in same)


def _state(profile: Profile) -> str:
    """Whether it is in use, or why it is not."""
    if not Path(profile.path).is_file():
        return "the model is gone"
    try:
        about = known(profile.path, [profile], lambda: identity(profile.path, profile.backend))
    except WorkbenchError as error:
        return error.message
    if about.stale:
        return f"stale: another {about.stale[0].changed}"
    return "in use" if about.holding and profile.settings else "the usual settings are fastest"


def _row(profile: Profile) -> tuple[str, ...]:
    return (
        profile.model,
        str(profile.aim),
        f"{datetime.fromtimestamp(profile.tuned):%Y-%m-%d %H:%M}",
        wording.speed(profile.usual_speed),
        wording.speed(profile.tuned_speed),
        _flags(profile) or "as usual",
        _state(profile),
    )


def _flags(profile: Profile) -> str:
    return flags(EngineSettings(**profile.values))


def _document(profile: Profile) -> dict[str, object]:
    return {
        "model": profile.model,
        "path": profile.path,
        "backend": profile.backend,
        "aim": profile.kind,
        "parallel": profile.parallel,
        "context": profile.context_length,
        "settings": profile.settings,
        "flags": _flags(profile),
        "usual": {"tokens_per_second": profile.usual_speed, "basis": "measured"},
        "tuned": {"tokens_per_second": profile.tuned_speed, "basis": "measured"},
        "gain": profile.gain,
        "lossy": profile.lossy,
        "tuned_at": datetime.fromtimestamp(profile.tuned).astimezone().isoformat(timespec="seconds"),
        "state": _state(profile),
    }
