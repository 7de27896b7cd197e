"""What an evaluation measures, and how it loads models for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.datasets.target.training_example import TrainOn
from workbench.engine_settings import EngineSettings
from workbench.ports import Scorer

Told = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is measured, and how models are loaded for it.

    Attributes:
        schema: What answers of rows that name no schema of their own have to keep to.
    """

    scorer: Scorer
    settings: EngineSettings
    backend: str | None
    train_on: TrainOn = "all"
    most_answer_tokens: int = 256
    schema: dict[str, Any] | None = None
    told: Told = lambda doing, done, total: None
