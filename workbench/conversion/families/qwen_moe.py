"""Qwen 2 and 3 with experts."""

from __future__ import annotations

from typing import Any, ClassVar

from workbench.conversion.experts import WithExperts
from workbench.conversion.families.qwen import Qwen2
from workbench.errors import Unsupported


class Qwen2Moe(WithExperts, Qwen2):
    architecture: ClassVar[str] = "qwen2moe"
    accepts: ClassVar[tuple[str, ...]] = ("Qwen2MoeForCausalLM",)
    always_has_head: ClassVar[bool] = True
    weights_add_to_one: ClassVar[bool | None] = False

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        if self.config.items("mlp_only_layers") or self.config.integer("decoder_sparse_step", default=1) != 1:
            raise Unsupported("Only models are known of which every layer has experts.")
        writer.add_expert_feed_forward_length(self.config.integer("moe_intermediate_size", low=1))
        if "shared_expert_intermediate_size" in self.config:
            shared = self.config.integer("shared_expert_intermediate_size")
            writer.add_expert_shared_feed_forward_length(shared)


class Qwen3Moe(Qwen2Moe):
    architecture: ClassVar[str] = "qwen3moe"
    accepts: ClassVar[tuple[str, ...]] = ("Qwen3MoeForCausalLM",)
    weights_add_to_one: ClassVar[bool | None] = True
