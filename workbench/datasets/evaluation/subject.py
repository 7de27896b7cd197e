"""A model that is evaluated: a file, or a base with a LoRA adapter on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from workbench.engine_settings import EngineSettings, Lora
from workbench.errors import InvalidRequest
from workbench.gguf import read_model
from workbench.models import LocalModel


@dataclass(frozen=True, slots=True)
class Subject:
    """`path` is that of the whole model, and `adapter` what is put onto it."""

    name: str
    path: Path
    adapter: Path | None = None

    def settings(self, settings: EngineSettings) -> EngineSettings:
        """As it is to be loaded."""
        lora = (Lora(str(self.adapter)),) if self.adapter else ()
        return replace(settings, lora=(*settings.lora, *lora))


def subjects(base: LocalModel, tuned: LocalModel) -> tuple[Subject, Subject]:
    """Both. A tuned one that is an adapter stands on the base; raises InvalidRequest where the base is."""
    if _is_adapter(base.path):
        raise InvalidRequest(
            f"{base.name} is an adapter and no model.", "Give the model that it is for first."
        )
    whole = Subject(base.name, base.path)
    if _is_adapter(tuned.path):
        return whole, Subject(tuned.name, base.path, tuned.path)
    return whole, Subject(tuned.name, tuned.path)


def _is_adapter(path: Path) -> bool:
    return read_model(path).text("general.type") == "adapter"
