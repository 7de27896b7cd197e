"""Models that servers elsewhere have: by their address, or by the name that a preset gives one.

Nothing is asked of a server here.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from workbench.errors import InvalidRequest
from workbench.models.local import LocalModel, local_models
from workbench.models.locating import locate
from workbench.models.presets import read_presets
from workbench.models.runnable import runnable
from workbench.models.stores import StoredModel
from workbench.openai_client.address import is_address, parse_address
from workbench.paths import presets_file


def model_named(name: str) -> LocalModel:
    """The model of that name or path on this machine, or of that address or preset elsewhere.

    Raises ModelNotFound, InvalidRequest for what is no address, and InvalidModel for weights that cannot run.
    """
    if is_address(name):
        return _remote(parse_address(name).name, name)
    return next((model for model in remote_models() if model.name == name), None) or runnable(locate(name))


def known_models() -> list[LocalModel]:
    """Those on this machine, and those elsewhere that presets name."""
    return [*local_models(), *remote_models()]


def remote_models() -> list[LocalModel]:
    """Those that presets name; none where the presets cannot be read."""
    if presets_file().exists():
        with suppress(InvalidRequest):
            presets = read_presets(presets_file())
            return [_remote(preset.name, preset.model) for preset in presets if is_address(preset.model)]
    return []


def _remote(name: str, address: str) -> LocalModel:
    nowhere = Path()
    place = StoredModel(store="", name=name, path=nowhere, files=(), kind="remote")
    return LocalModel(name, nowhere, (place,), address)
