"""From what a person writes to a model on this machine.

A name is `guide`, a path, what a store calls a model, STORE:NAME, or org/repo:QUANT for what is here of a
repository. Letters' case does not matter where only one model fits, nor do folders in front of a file's name.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidRequest, ModelNotFound
from workbench.models.local import LocalModel, local_models
from workbench.models.stores import StoredModel
from workbench.models.stores.bundled import NAME as BUNDLED
from workbench.models.stores.bundled import Bundled
from workbench.models.stores.plain_files import model_outside

_USUAL_QUANTS = ("Q4_K_M", "Q8_0")
_LISTING = "`workbench models` lists the models at hand."


@dataclass(frozen=True, slots=True)
class Match:
    """A model and the place of it that was meant."""

    model: LocalModel
    place: StoredModel

    @property
    def named(self) -> LocalModel:
        """The model, opened in that place and called as it is called there."""
        if self.place is self.model.places[0]:
            return self.model
        return LocalModel(self.place.name, self.place.path, self.model.places)


def locate(name: str) -> LocalModel:
    """The model of that name or path. Raises ModelNotFound and suggests the nearest names."""
    if name == BUNDLED:
        for place in Bundled().models():
            return LocalModel(place.name, place.path, (place,))
    if is_path(name):
        return model_at(Path(name).expanduser())
    return matches(name, local_models())[0].named


def matches(name: str, models: list[LocalModel]) -> list[Match]:
    """The places that the name means, the best first. Raises ModelNotFound where there are none."""
    every = [Match(model, place) for model in models for place in model.places]
    for fitting in (_exact, _in_repository, _but_for_case, _by_file):
        if found := fitting(name, every):
            return found
    raise ModelNotFound(f"There is no model named {name!r}.", _suggestion(name, every))


def exact_matches(name: str, models: list[LocalModel]) -> list[Match]:
    """The places that have exactly this name."""
    return _exact(name, [Match(model, place) for model in models for place in model.places])


def match_at(path: Path, models: list[LocalModel]) -> Match | None:
    """The place that the file or folder at a path is, or is a shard of; None where no store has it."""
    here = _here(path)
    for model in models:
        for place in model.places:
            if here in map(_here, (place.path, *(file.path for file in place.files))):
                return Match(model, place)
    return None


def found(name: str, models: list[LocalModel]) -> list[LocalModel]:
    """The models that a name or path means, with all their places. Raises ModelNotFound."""
    if not is_path(name):
        return list({match.model.name: match.named for match in matches(name, models)}.values())
    outside = model_at(Path(name).expanduser())
    match = match_at(outside.path, models)
    return [match.named if match else outside]


def _here(path: Path) -> str:
    """One spelling for a name in a folder, whatever links lead to the folder."""
    return os.path.join(os.path.realpath(path.parent), path.name)


def is_path(name: str) -> bool:
    looks_like_one = name.startswith((".", "~", os.sep)) or Path(name).is_absolute()
    return looks_like_one or Path(name).is_file()


def model_at(path: Path) -> LocalModel:
    """The model that a file is, or is a shard of, or that a folder is. Raises ModelNotFound."""
    if path.is_file():
        place = model_outside(path)
        return LocalModel(place.name, place.path, (place,))
    if not path.is_dir():
        raise ModelNotFound(f"There is no file {path}.", _LISTING)
    place = model_outside(path)
    if not place.files:
        raise ModelNotFound(f"{path} is a folder.", "Name a file in it.")
    return LocalModel(place.name, place.path, (place,))


def _exact(name: str, every: list[Match]) -> list[Match]:
    own = [match for match in every if name == match.model.name]
    return own or [
        match
        for match in every
        if name in (match.place.name, *match.place.also, f"{match.place.store}:{match.place.name}")
    ]


def _in_repository(name: str, every: list[Match]) -> list[Match]:
    """What is here of org/repo, with the quant, the path or the revision that the name asks for."""
    from workbench.models.reference import HubReference, parse_reference

    try:
        reference = parse_reference(name)
    except InvalidRequest:
        return []
    if not isinstance(reference, HubReference):
        return []
    held = [match for match in every if match.place.repository.lower() == reference.repository.lower()]
    if reference.revision != "main":
        held = [match for match in held if _is_revision(reference.revision, match.place.revisions)]
    return _selected(reference.selector, held)


def _is_revision(revision: str, held: Iterable[str]) -> bool:
    return any(revision == own or (len(revision) >= 7 and own.startswith(revision)) for own in held)


def _selected(selector: str, held: list[Match]) -> list[Match]:
    if not selector:
        usual = (match for quant in _USUAL_QUANTS for match in held if has_quant(match.place.inside, quant))
        return sorted(held, key=_first(list(usual)))
    by_path = [match for match in held if selector in _paths(match.place)]
    return by_path or [match for match in held if has_quant(match.place.inside, selector)]


def has_quant(path: str, quant: str) -> bool:
    """Whether a file's path in its repository says that it is of this quant, as llama.cpp looks for it."""
    return bool(re.search(rf"(^|[-._/]){re.escape(quant)}([-.]|$)", path, re.IGNORECASE))


def _paths(place: StoredModel) -> set[str]:
    """The paths in the repository of all the model's files."""
    folder = place.inside.rpartition("/")[0]
    return {place.inside, *(f"{folder}/{file.path.name}".lstrip("/") for file in place.files)}


def _first(chosen: list[Match]) -> Callable[[Match], int]:
    return lambda match: chosen.index(match) if match in chosen else len(chosen)


def _but_for_case(name: str, every: list[Match]) -> list[Match]:
    found = [
        match for match in every if name.lower() in map(str.lower, (match.place.name, *match.place.also))
    ]
    return found if _one_model(found) else []


def _by_file(name: str, every: list[Match]) -> list[Match]:
    """Those whose file's name it is, with or without the ending."""
    found = [match for match in every if name.lower() in _file_names(match.place)]
    if len(found) > 1 and not _one_model(found):
        names = ", ".join(sorted({match.model.name for match in found})[:5])
        raise ModelNotFound(f"{name!r} is the name of several files here.", f"Choose one: {names}.")
    return found


def _file_names(place: StoredModel) -> set[str]:
    name = place.path.name.lower()
    return {name, name.removesuffix(".gguf")}


def _one_model(found: list[Match]) -> bool:
    return len({match.model.name for match in found}) == 1


def _suggestion(name: str, every: list[Match]) -> str:
    known = dict.fromkeys(known for match in every for known in (match.model.name, match.place.name))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}? {_LISTING}" if near else _LISTING
