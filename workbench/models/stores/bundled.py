"""The model `guide`, which comes with the workbench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import workbench_guide
from workbench.errors import Unsupported
from workbench.models.stores.stored import Removal, StoredFile, StoredModel, UnfinishedDownload

NAME = "guide"


class Bundled:
    """A store of one model that cannot be removed."""

    slug: ClassVar[str] = "bundled"
    title: ClassVar[str] = "bundled"

    def models(self) -> Iterator[StoredModel]:
        path = workbench_guide.PATH
        if path.is_file():
            yield StoredModel(store=self.slug, name=NAME, path=path, files=(StoredFile(path),))

    def unfinished(self) -> Iterator[UnfinishedDownload]:
        yield from ()

    def removal(self, models: Sequence[StoredModel]) -> Removal:
        raise Unsupported(
            f"{models[0].name} comes with the workbench and is not removed.", "Name another model."
        )
