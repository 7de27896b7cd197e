"""What a screen tells the app."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from workbench.engine_settings import EngineSettings
from workbench.models import Description


@dataclass
class ModelChosen(Message):
    """The person wants to talk to this model, loaded so; None leaves the settings to whoever loads it."""

    model: Description
    settings: EngineSettings | None = None
