"""The profiles that are kept: a file for each model, machine, engine build and aim, in the data folder.

What cannot be read counts as not being there. Knows not which of them holds; see `choosing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from workbench import paths
from workbench.errors import WorkbenchError
from workbench.tuning.profile import Profile
from workbench.whole_file import write_whole

_MOST_BYTES = 1 << 16


def kept() -> tuple[Profile, ...]:
    """All of them, the newest first."""
    read = (_read(path) for path in paths.profiles_folder().glob("*.json"))
    return tuple(sorted((one for one in read if one is not None), key=lambda one: -one.tuned))


def keep(profile: Profile) -> None:
    """In the place of an earlier one for the same. Raises WorkbenchError where it cannot be written."""
    path = _path(profile)
    try:
        write_whole(path, msgspec.json.format(msgspec.json.encode(profile)))
    except OSError as error:
        raise WorkbenchError(
            f"The profile cannot be written to {path}: {error.strerror}.",
            "Check that the folder can be written and that the disk has room.",
        ) from error


def forget(profiles: Iterable[Profile]) -> None:
    for profile in profiles:
        _path(profile).unlink(missing_ok=True)


def _read(path: Path) -> Profile | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        profile = msgspec.json.decode(path.read_bytes(), type=Profile)
        _ = profile.values
    except (OSError, msgspec.MsgspecError, AttributeError, WorkbenchError):
        return None
    return profile


def _path(profile: Profile) -> Path:
    identity = profile.identity
    parts = (identity.model, identity.machine, identity.engine, profile.kind)
    return paths.profiles_folder() / f"{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}.json"
