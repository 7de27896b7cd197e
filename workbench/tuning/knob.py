"""A setting, or several that belong together, that is turned to see what it does to the speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.engine_settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Choice:
    """One position of a knob: how it is called, and the values of its settings."""

    label: str
    values: Mapping[str, Any]

    def applied(self, settings: EngineSettings) -> EngineSettings:
        return replace(settings, **self.values)

    def holds(self, settings: EngineSettings) -> bool:
        return all(getattr(settings, name) == value for name, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Knob:
    """The first of its choices is the usual one. One that is `lossy` changes what a model says."""

    name: str
    choices: tuple[Choice, ...]
    lossy: bool = False

    @property
    def usual(self) -> Choice:
        return self.choices[0]

    def at(self, settings: EngineSettings) -> Choice:
        """Where it stands; the usual choice where it stands nowhere else."""
        return next((choice for choice in self.choices if choice.holds(settings)), self.usual)
