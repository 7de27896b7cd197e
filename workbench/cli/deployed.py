"""What a deployment serves, as a person named it, and the files that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.cli.offers import presets_of
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, ModelNotFound
from workbench.models import LocalModel, model_named
from workbench.models.locating import is_path
from workbench.models.presets import UNSPOKEN, Preset
from workbench.models.reference import parse_reference
from workbench.tuning.opening import tuned
from workbench.whole_file import write_whole

Find = Callable[[str], LocalModel]


def served(
    name: str, settings: EngineSettings, backend: str | None, find: Find = model_named
) -> tuple[Preset, int]:
    """The preset of that name, or one for that model, with these settings; and its requests at once.

    `find` says which models count. Raises ModelNotFound for what is neither here nor named as on the hub.
    """
    preset = next((one for one in presets_of(None) if one.name == name), None) or _plain(name, find)
    given = {field: getattr(settings, field) for field in settings.given - UNSPOKEN}
    preset = replace(preset, settings={**preset.settings, **given})
    asked = replace(EngineSettings(), **preset.settings, given=frozenset(preset.settings))
    here = _here(preset.model, find)
    loaded = tuned(here.location, asked, backend, serving=True).settings if here else asked
    return preset, loaded.parallel


def yaml_text(document: dict[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100))


def write(file: Path, text: str, *, force: bool) -> None:
    """Raises InvalidRequest where something else is there already, or nothing can be written."""
    content = text.encode()
    try:
        if file.exists() and not force and file.read_bytes() != content:
            raise InvalidRequest(
                f"{file} is there already.", "Give another folder, or --force to replace it."
            )
        write_whole(file, content)
    except OSError as error:
        raise InvalidRequest(
            f"{file} cannot be written: {error.strerror}.", "Give another folder."
        ) from error


def _plain(name: str, find: Find) -> Preset:
    """A path is written out whole, as every replica starts in a folder of its own."""
    here = _here(name, find)
    if here is None:
        return Preset(name=name, model=name)
    return Preset(name=here.name, model=str(here.path.absolute()) if is_path(name) else name)


def _here(name: str, find: Find) -> LocalModel | None:
    """The model on this machine; None for one that the hub may have. Raises ModelNotFound."""
    try:
        return find(name)
    except ModelNotFound as missing:
        if is_path(name):
            raise
        try:
            parse_reference(name)
        except InvalidRequest:
            raise missing from None
        return None
