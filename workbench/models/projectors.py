"""Which file lets a model see or hear: the one beside it, or the one that a person names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.gguf import read_header
from workbench.models.local import LocalModel
from workbench.models.locating import locate

NONE = "none"
_ARCHITECTURE = "clip"


def with_projector(settings: EngineSettings, model: LocalModel) -> EngineSettings:
    """The settings with the model's own projector where they leave it open."""
    if settings.projector is not None or model.place.projector is None:
        return settings
    return replace(settings, projector=str(model.place.projector.path), projector_found=True)


def projector_named(name: str) -> str:
    """The path of a projector, from its file or from the model it belongs to; "" for none at all.

    Raises ModelNotFound, InvalidModel, and InvalidRequest for a model that has none.
    """
    if name in ("", NONE):
        return ""
    if Path(name).is_file() and read_header(name).architecture == _ARCHITECTURE:
        return name
    model = locate(name)
    if model.place.projector is None:
        raise InvalidRequest(f"{model.name} has no projector.", "Name the mmproj file, or another model.")
    return str(model.place.projector.path)
