"""Models on this machine as subjects of a trial, and where what is measured of them is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from workbench import paths
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel
from workbench.models import LocalModel
from workbench.quantization.quality.trial import Subject
from workbench.quantization.source_hash import SourceHash

_FORM = 1
"""Of the files; others than these are not read."""


def subject_of(model: LocalModel) -> Subject:
    """Reads the whole model where its hash is not known. Raises InvalidModel."""
    hashes = SourceHash(model.place.files)
    hashes.start()
    try:
        digest = hashlib.sha256("".join(hashes.result()).encode()).hexdigest()
    except OSError as error:
        raise InvalidModel(f"{model.path} cannot be read: {error.strerror}.", "Check the path.") from error
    return Subject(model.name, model.path, digest)


def folder_of(base: Subject, text: str, window: int, settings: EngineSettings, engine: str) -> Path:
    """A folder for all that these decide; `engine` is its name and version."""
    described = msgspec.json.encode((_FORM, base.digest, text, window, settings, engine))
    return paths.cache_folder() / "quality" / hashlib.sha256(described).hexdigest()[:32]
