"""What can be fetched of a repository as one unit, how each is called, and which one a person meant.

Judges by names alone; the repository has been asked for before.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.errors import InvalidModel, ModelNotFound
from workbench.models.hub.quant_label import split_name
from workbench.models.hub.repository import HubFile, Repository, completed
from workbench.models.hub.shards import Unit, is_gguf, models_among, projector_for, units
from workbench.models.hub.weight_folders import WeightFolder, weight_folders

USUAL_QUANTS = ("Q4_K_M", "Q8_0")
"""What is taken where no quant is named, in this order; else the first there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What is fetched as one unit.

    Attributes:
        label: How it is called: its quant, with the file's name where several models share that quant, or
            the kind of a folder of weights.
        files: All shards in order, or all files of the folder.
        projector: The mmproj that belongs to it.
        size_bytes: Of the files and the projector, as far as the hub has told.
        bits_per_weight: None where the hub does not tell the number of weights of this model.
        problem: Why it cannot be fetched, where it cannot.
    """

    label: str
    files: tuple[HubFile, ...]
    projector: HubFile | None
    size_bytes: int
    bits_per_weight: float | None
    problem: str = ""


def variants(repository: Repository) -> tuple[Variant, ...]:
    """Every variant: GGUF models in the order of their files, then folders of weights."""
    models, folders = models_among(repository.files), weight_folders(repository)
    labels = _labels(models)
    single = len({unit.label.stem.lower() for unit in models}) == 1
    parameters = repository.parameters if single else None
    return (
        *(
            _gguf(unit, label, repository.files, parameters)
            for unit, label in zip(models, labels, strict=True)
        ),
        *(_folder(folder, None if models else repository.parameters) for folder in folders),
    )


def choose(repository: Repository, selector: str) -> Variant:
    """The variant that a quant, a file's or a folder's path names, with every size and etag known.

    Raises ModelNotFound with the nearest names where nothing or more than one is meant, and InvalidModel
    where shards are missing.
    """
    offered = variants(repository)
    chosen = _named(repository, offered, selector) if selector else _usual(repository, offered)
    if chosen.problem:
        raise InvalidModel(
            f"{chosen.label} in {repository.id} is incomplete: {chosen.problem}.", "Choose another quant."
        )
    files = tuple(completed(repository, file) for file in chosen.files)
    projector = completed(repository, chosen.projector) if chosen.projector else None
    return replace(chosen, files=files, projector=projector, size_bytes=_size(files, projector))


def _gguf(unit: Unit, label: str, files: Sequence[HubFile], parameters: int | None) -> Variant:
    projector = projector_for(unit, files)
    return _variant(label, unit.files, projector, parameters, unit.problem)


def _folder(folder: WeightFolder, parameters: int | None) -> Variant:
    return _variant(folder.path or folder.kind, folder.files, None, None if folder.path else parameters)


def _variant(
    label: str,
    files: tuple[HubFile, ...],
    projector: HubFile | None,
    parameters: int | None,
    problem: str = "",
) -> Variant:
    weights = sum(file.size_bytes for file in files)
    told = parameters and not problem and all(file.etag for file in files)
    return Variant(
        label=label,
        files=files,
        projector=projector,
        size_bytes=_size(files, projector),
        bits_per_weight=8 * weights / parameters if told and parameters else None,
        problem=problem,
    )


def _size(files: Sequence[HubFile], projector: HubFile | None) -> int:
    return sum(file.size_bytes for file in files) + (projector.size_bytes if projector else 0)


def _labels(models: Sequence[Unit]) -> list[str]:
    """The shortest of quant, file's name and path that no other model shares."""
    labels = [unit.label.quant or unit.name for unit in models]
    for longer in (_name, _path):
        times = Counter(label.lower() for label in labels)
        labels = [
            longer(unit) if times[label.lower()] > 1 else label
            for unit, label in zip(models, labels, strict=True)
        ]
    return labels


def _name(unit: Unit) -> str:
    return unit.name


def _path(unit: Unit) -> str:
    return unit.path


def _usual(repository: Repository, offered: Sequence[Variant]) -> Variant:
    for quant in USUAL_QUANTS:
        meant = _of_quant(offered, quant)
        if meant:
            return _only(repository, meant, quant)
    whole = [variant for variant in offered if not variant.problem]
    if not offered:
        raise ModelNotFound(
            f"{repository.id} holds no model that can be fetched: neither GGUF nor safetensors.",
            f"`workbench search {repository.id.partition('/')[2]}` may find a conversion.",
        )
    return (whole or offered)[0]


def _named(repository: Repository, offered: Sequence[Variant], selector: str) -> Variant:
    tests: tuple[Callable[[Variant], bool], ...] = (
        lambda variant: any(file.path == selector for file in variant.files),
        lambda variant: any(file.path.lower() == selector.lower() for file in variant.files),
        lambda variant: variant.label.lower() == selector.lower(),
    )
    for test in tests:
        found = [variant for variant in offered if test(variant)]
        if len(found) == 1:
            return found[0]
    found = _of_file(repository, selector) or _of_quant(offered, selector) or _in_folder(offered, selector)
    if found:
        return _only(repository, found, selector)
    if selector.lower() == "latest":
        return _usual(repository, offered)
    raise ModelNotFound(f"{repository.id} has no {selector}.", _nearest(offered, selector))


def _of_quant(offered: Sequence[Variant], quant: str) -> list[Variant]:
    """Those of exactly that quant, else those that add a publisher's prefix to it."""
    wanted = split_name(quant).quant.lower() or quant.lower()
    quants = [(variant, _quant(variant).lower()) for variant in offered]
    exact = [variant for variant, known in quants if known == wanted]
    return exact or [variant for variant, known in quants if known.endswith(f"-{wanted}")]


def _quant(variant: Variant) -> str:
    """Labels may carry more than the quant."""
    return split_name(variant.label.rpartition("/")[2]).quant


def _of_file(repository: Repository, path: str) -> list[Variant]:
    """A GGUF that is no variant, such as an mmproj, named by its path."""
    named = [file for file in repository.files if is_gguf(file) and file.path.lower() == path.lower()]
    return [_variant(unit.name, unit.files, None, None, unit.problem) for unit in units(named)]


def _in_folder(offered: Sequence[Variant], folder: str) -> list[Variant]:
    inside = f"{folder.lower()}/"
    return [variant for variant in offered if variant.files[0].path.lower().startswith(inside)]


def _only(repository: Repository, meant: Sequence[Variant], name: str) -> Variant:
    if len(meant) == 1:
        return meant[0]
    calls = " or ".join(f"{repository.id}:{variant.label}" for variant in meant[:4])
    raise ModelNotFound(f"{repository.id} has {len(meant)} models in {name}.", f"Name one: {calls}.")


def _nearest(offered: Sequence[Variant], selector: str) -> str:
    labels = {variant.label.lower(): variant.label for variant in offered}
    near = difflib.get_close_matches(selector.lower(), labels, n=3, cutoff=0.5)
    shown = [labels[name] for name in near] or list(labels.values())[:12]
    if not shown:
        return "It holds neither GGUF nor safetensors."
    return f"Did you mean {' or '.join(shown)}?" if near else f"It has {', '.join(shown)}."
