"""OLMo, OLMo 2 and OLMo 3."""

from __future__ import annotations

from typing import Any, ClassVar

from workbench.conversion.families.llama import Llama
from workbench.conversion.family import Family


class Olmo(Llama):
    """Its norms have no weights."""

    architecture: ClassVar[str] = "olmo"
    accepts: ClassVar[tuple[str, ...]] = ("OlmoForCausalLM",)
    required: ClassVar[tuple[str, ...]] = ("token_embd.weight",)
    rope_scalings: ClassVar[frozenset[str]] = frozenset({"linear", "yarn"})

    def describe_norms(self, writer: Any) -> None:
        writer.add_layer_norm_eps(1e-5)
        if "clip_qkv" in self.config:
            writer.add_clamp_kqv(self.config.number("clip_qkv"))


class Olmo2(Family):
    architecture: ClassVar[str] = "olmo2"
    accepts: ClassVar[tuple[str, ...]] = ("Olmo2ForCausalLM",)
    always_has_head: ClassVar[bool] = True


class Olmo3(Olmo2):
    """Three of four layers attend to a sliding window."""

    accepts: ClassVar[tuple[str, ...]] = ("Olmo3ForCausalLM",)

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        writer.add_sliding_window(self.config.integer("sliding_window", low=1))
        kinds = self.config.items("layer_types")
        within = [kind == "sliding_attention" for kind in kinds] or [
            (n + 1) % 4 != 0 for n in range(self.blocks)
        ]
        writer.add_sliding_window_pattern(within)
