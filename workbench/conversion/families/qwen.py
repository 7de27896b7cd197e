"""Qwen 2, 2.5 and 3."""

from __future__ import annotations

from typing import ClassVar

from workbench.conversion.family import Family
from workbench.conversion.json_file import Entries


class Qwen2(Family):
    architecture: ClassVar[str] = "qwen2"
    accepts: ClassVar[tuple[str, ...]] = ("Qwen2ForCausalLM",)

    def __init__(self, config: Entries) -> None:
        super().__init__(config)
        if config.flag("use_sliding_window"):
            self.notes.append("Its sliding window is left out: GGUF has none for this family.")


class Qwen3(Qwen2):
    architecture: ClassVar[str] = "qwen3"
    accepts: ClassVar[tuple[str, ...]] = ("Qwen3ForCausalLM",)
