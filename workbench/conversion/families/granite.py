"""Granite 3: Llama with factors at its joints."""

from __future__ import annotations

from typing import Any, ClassVar

from workbench.conversion.families.llama import Llama


class Granite(Llama):
    architecture: ClassVar[str] = "granite"
    accepts: ClassVar[tuple[str, ...]] = ("GraniteForCausalLM",)

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        writer.add_attention_scale(self.config.number("attention_multiplier", default=1.0))
        writer.add_embedding_scale(self.config.number("embedding_multiplier", default=1.0))
        writer.add_residual_scale(self.config.number("residual_multiplier", default=1.0))
        writer.add_logit_scale(self.config.number("logits_scaling", default=1.0))
