"""An engine that tokenizes and does nothing else, for models of which only the vocabulary is open.

Knows no vocabulary; each backend brings its own.
"""

from __future__ import annotations

from typing import NoReturn

from workbench.backend import Engine, StepEvent, TokenRequest
from workbench.errors import Unsupported


class VocabularyEngine(Engine):
    """Its facts name no capabilities."""

    def enqueue(self, request: TokenRequest) -> NoReturn:
        raise Unsupported("Only the model's vocabulary is open.", "Open the whole model.")

    def step(self) -> list[StepEvent]:
        return []

    def cancel(self, request_id: int) -> None:
        """There is never one."""

    @property
    def busy(self) -> bool:
        return False
