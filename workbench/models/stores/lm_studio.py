"""LM Studio's models, as PUBLISHER/REPOSITORY/FILE below its models folder.

Its home is what ~/.lmstudio-home-pointer says, else ~/.cache/lm-studio or ~/.lmstudio; `downloadsFolder` in
settings.json there may name another folder of models. A bundled model lies in the home itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from workbench.models.stores.plain_files import plain_removal, stored_models
from workbench.models.stores.stored import Removal, StoredModel, UnfinishedDownload
from workbench.models.stores.walking import json_object, read_text

_MAX_POINTER_BYTES = 4096


def lm_studio_folders() -> list[Path]:
    """Every folder where LM Studio keeps models, or kept them in an earlier version."""
    folders = []
    for home in _homes():
        chosen = json_object(home / "settings.json").get("downloadsFolder")
        if isinstance(chosen, str) and _is_absolute(chosen):
            folders.append(Path(chosen))
        folders += [home / "models", home / ".internal" / "bundled-models"]
    return list(dict.fromkeys(folders))


class LmStudio:
    """Models answer to PUBLISHER/REPOSITORY/FILE, and where there is only one to PUBLISHER/REPOSITORY."""

    slug: ClassVar[str] = "lm-studio"
    title: ClassVar[str] = "LM Studio"

    def models(self) -> Iterator[StoredModel]:
        for folder in lm_studio_folders():
            for model in stored_models(self.slug, folder):
                yield _in_repository(model)

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        yield from ()

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        root = next(folder for folder in lm_studio_folders() if models[0].path.is_relative_to(folder))
        return plain_removal(models[0], root, stored_models(self.slug, root))


def _homes() -> list[Path]:
    user = Path.home()
    pointed = read_text(user / ".lmstudio-home-pointer", _MAX_POINTER_BYTES).strip()
    homes = [Path(pointed)] if _is_absolute(pointed) else []
    return list(dict.fromkeys([*homes, user / ".lmstudio", user / ".cache" / "lm-studio"]))


def _is_absolute(path: str) -> bool:
    return "\0" not in path and Path(path).is_absolute()


def _in_repository(model: StoredModel) -> StoredModel:
    parts = model.name.split("/")
    inside = "/".join(parts[2:])
    return replace(model, repository="/".join(parts[:2]), inside=inside) if len(parts) > 1 else model
