"""Choose a model among those on this machine; files that cannot be loaded are listed with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench import wording
from workbench.models import Description
from workbench.openai_client.address import parse_address
from workbench.tui.screens.picker import Picker
from workbench.tui.widgets.choice_list import Choice


def model_choices(models: list[Description]) -> list[Choice[Description]]:
    return [Choice(model, model.name, _details(model), model.problem) for model in models]


def _details(model: Description) -> str:
    if model.address:
        return f"at {parse_address(model.address).places}"
    facts = (model.architecture, model.quantization, wording.size(model.size_bytes))
    return "  ·  ".join(fact for fact in facts if fact)


class ModelPicker(Picker[Description]):
    """Returns the model to load."""

    TITLE = "Choose a model"
    NOTHING = "No model files were found on this machine. Press f5 to find one on the hub."
    HELP = """
## Choosing a model

Type part of a name to narrow the list. Files that cannot be loaded say why. **f5** finds more on the hub.
"""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "find", "Find more", id="model-picker.find")]

    def __init__(self, models: Callable[[], list[Description]]) -> None:
        super().__init__()
        self._models = models

    async def choices(self) -> list[Choice[Description]]:
        return model_choices(await asyncio.to_thread(self._models))

    async def action_find(self) -> None:
        """Choose none of them and look on the hub."""
        self.dismiss(None)
        await self.app.switch_mode("hub")
