"""What a model says of itself, for lists.

What cannot be read is described as far as the file system goes and never breaks a list. Headers that were
read before are not read again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidModel, WorkbenchError
from workbench.gguf import Header, check_whole, read_model
from workbench.models.folder_facts import folder_facts
from workbench.models.local import LocalModel
from workbench.models.remembered import Remembered, remembered
from workbench.models.stores import Kind, StoredModel, UnfinishedDownload
from workbench.models.weight_formats import PICKLED

_NO_MODELS = {"adapter": "a LoRA adapter", "mmproj": "a projector", "imatrix": "an importance matrix"}


@dataclass(frozen=True, slots=True)
class Description:
    """One row of the list; `problem` says why it cannot be used, where it cannot.

    Attributes:
        size_bytes: Of all the weights' files together; of an unfinished download what is there of it.
        kind: How the model is stored, or "unfinished".
        stores: The slugs of the stores that hold it; `paths` are its places, the first one at `path`.
        files: The weights' files in order.
        total_bytes: Of an unfinished download what there will be of it, where that is known.
        address: Of a model that a server elsewhere has, in place of a path.
    """

    name: str
    path: Path
    size_bytes: int
    architecture: str = ""
    quantization: str = ""
    problem: str = ""
    kind: Kind | str = "gguf"
    stores: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    projector: Path | None = None
    total_bytes: int | None = None
    address: str = ""

    @property
    def location(self) -> str:
        """What an engine opens."""
        return self.address or str(self.path)


@dataclass(frozen=True, slots=True)
class _Facts:
    architecture: str = ""
    quantization: str = ""
    problem: str = ""


def describe(model: LocalModel) -> Description:
    return describe_all([model])[0]


def describe_all(
    models: Sequence[LocalModel], progress: Callable[[int], None] = lambda described: None
) -> list[Description]:
    """A description of each, in the same order; `progress` is told how many there are so far."""
    described = []
    with remembered() as known:
        for model in models:
            described.append(_described(model, known))
            progress(len(described))
    return described


def describe_unfinished(download: UnfinishedDownload) -> Description:
    total = f" of {download.total_bytes:,}" if download.total_bytes is not None else ""
    there = f"{download.have_bytes:,}{total} bytes are here"
    return Description(
        download.name,
        download.path,
        download.have_bytes,
        problem=f"{download.name} is not finished: {there}; `workbench pull` goes on with it.",
        kind="unfinished",
        paths=(download.path,),
        files=(download.path,),
        total_bytes=download.total_bytes,
    )


def _described(model: LocalModel, known: Remembered) -> Description:
    place = model.place
    files = tuple(file.path for file in place.files)
    facts = _facts(place, files, known)
    return Description(
        model.name,
        model.path,
        sum(map(_size, files)),
        facts.architecture,
        facts.quantization,
        problem=facts.problem,
        kind=place.kind,
        stores=model.stores,
        paths=() if model.address else tuple(each.path for each in model.places) or (model.path,),
        files=files,
        projector=place.projector.path if place.projector else None,
        address=model.address,
    )


def _facts(place: StoredModel, files: Sequence[Path], known: Remembered) -> _Facts:
    if place.missing:
        return _Facts(problem=_missing(place))
    if place.kind == "remote":
        return _Facts()
    if place.kind != "gguf":
        said = folder_facts(place)
        problem = f"{place.name} holds {PICKLED}" if place.kind == "pickle" else ""
        return _Facts(said.architecture, said.quantization, problem)
    match known.recall(files, "gguf"):
        case [str(architecture), str(quantization), str(problem)]:
            return _Facts(architecture, quantization, problem)
    facts, lasting = _read(place.path)
    if lasting:
        known.remember(files, "gguf", [facts.architecture, facts.quantization, facts.problem])
    return facts


def _read(path: Path) -> tuple[_Facts, bool]:
    """What the file says, and whether that stays true while the file stays as it is."""
    try:
        header = read_model(path)
    except WorkbenchError as error:
        return _Facts(problem=error.message), isinstance(error, InvalidModel) and os.access(path, os.R_OK)
    return _Facts(header.architecture, header.quantization, _fault(header)), True


def _fault(header: Header) -> str:
    role = header.text("general.type") or ""
    if role in _NO_MODELS:
        return f"{header.source_name} is {_NO_MODELS[role]}, which is used with a model and not alone."
    try:
        check_whole(header)
    except InvalidModel as error:
        return error.message
    return ""


def _missing(place: StoredModel) -> str:
    others = f" and {len(place.missing) - 1} more" if len(place.missing) > 1 else ""
    return f"{place.name} is incomplete: {place.missing[0]}{others} is missing."


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
