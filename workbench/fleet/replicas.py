"""What every replica of the endpoint serves and whom it answers, as a cluster's configuration has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.models.presets import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """The same for all.

    Attributes:
        preset: The model, by the name that it has on every machine, and how it is loaded and asked.
        host: Where the cluster listens; beyond this machine alone it needs a key.
        hosts: Names, beside those of this machine, by which it may be called.
        origins: Origins of pages that may read what it answers.
    """

    preset: Preset
    backend: str | None = None
    host: str = "127.0.0.1"
    no_key: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Plain values, those that are not as usual; `read_replicas` reads them again."""
        document = _without_usual(self)
        document["preset"] = _without_usual(self.preset)
        return document


def read_replicas(document: Mapping[str, Any]) -> Replicas:
    """Raises InvalidRequest for what cannot be."""
    try:
        replicas = msgspec.convert(dict(document), Replicas)
        given = replicas.preset.settings
        settings = msgspec.convert(given, EngineSettings)
        kept = {name: getattr(settings, name) for name in given}
    except (msgspec.ValidationError, AttributeError) as error:
        raise InvalidRequest(
            f"The configuration of the replicas is wrong: {error}.", "Write it anew with `workbench deploy`."
        ) from error
    return replace(replicas, preset=replace(replicas.preset, settings=kept))


def _without_usual(value: Replicas | Preset) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(value)
    usual = type(value).__dataclass_fields__
    return {
        name: given for name, given in fields.items() if given and getattr(value, name) != usual[name].default
    }
