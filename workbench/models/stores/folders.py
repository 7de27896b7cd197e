"""The user's own folders of models: the workbench's and those that WORKBENCH_MODELS names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from workbench import paths
from workbench.models.stores.plain_files import plain_removal, stored_models
from workbench.models.stores.stored import Removal, StoredModel, UnfinishedDownload
from workbench.models.stores.unfinished import ENDING, unfinished_download
from workbench.models.stores.walking import files_in


def model_folders() -> list[Path]:
    """The user's own folder and those that WORKBENCH_MODELS names, separated as in PATH."""
    named = os.environ.get("WORKBENCH_MODELS", "").split(os.pathsep)
    return [paths.models_folder(), *(Path(folder).expanduser().absolute() for folder in named if folder)]


class Folders:
    """Files answer to their path from the folder, without their ending."""

    slug: ClassVar[str] = "folder"
    title: ClassVar[str] = "your folders"

    def models(self) -> Iterator[StoredModel]:
        for folder in model_folders():
            for model in stored_models(self.slug, folder):
                yield replace(model, name=_without_ending(model), also=(model.name,))

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        for folder in model_folders():
            for path in files_in(folder):
                if path.name.startswith(".") and path.name.endswith(ENDING):
                    yield unfinished_download(self.slug, path.name[1 : -len(ENDING)], path)

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        root = next(folder for folder in model_folders() if models[0].path.is_relative_to(folder))
        return plain_removal(models[0], root, stored_models(self.slug, root))


def _without_ending(model: StoredModel) -> str:
    return model.name if model.path.is_dir() else model.name.rpartition(".")[0]
