"""DeepSeek V2 and V3: attention through a small latent space, and experts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import gguf
import numpy as np

from workbench.conversion.experts import WithExperts
from workbench.conversion.family import Named
from workbench.conversion.json_file import Entries
from workbench.conversion.rope import describe_rope
from workbench.conversion.sources import Rows, Source, Transposed
from workbench.errors import InvalidModel, Unsupported

_BLOCK = re.compile(r"model\.layers\.(\d+)\.")


class DeepSeekV2(WithExperts):
    architecture: ClassVar[str] = "deepseek2"
    accepts: ClassVar[tuple[str, ...]] = ("DeepseekV2ForCausalLM",)
    gating: ClassVar[Any] = gguf.ExpertGatingFuncType.SOFTMAX

    def __init__(self, config: Entries) -> None:
        super().__init__(config)
        self.latent = config.integer("kv_lora_rank", low=1)
        self.rotated = config.integer("qk_rope_head_dim", low=2)
        self.unrotated = config.integer("qk_nope_head_dim", low=1)
        self.value_size = config.integer("v_head_dim", low=1)

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        config = self.config
        writer.add_vocab_size(config.integer("vocab_size", low=1))
        writer.add_leading_dense_block_count(config.integer("first_k_dense_replace", default=0))
        writer.add_kv_lora_rank(self.latent)
        if "q_lora_rank" in config:
            writer.add_q_lora_rank(config.integer("q_lora_rank", low=1))
        writer.add_expert_feed_forward_length(config.integer("moe_intermediate_size", low=1))
        writer.add_expert_shared_count(config.integer("n_shared_experts", default=0))
        writer.add_expert_weights_scale(config.number("routed_scaling_factor", default=1.0))
        writer.add_expert_weights_norm(config.flag("norm_topk_prob"))
        writer.add_expert_gating_func(self.gating)
        self.describe_groups(writer)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        queries = self.heads * (self.unrotated + self.rotated)
        return {
            "token_embd.weight": (self.hidden,),
            "attn_q.weight": (queries, self.hidden),
            "attn_q_b.weight": (queries, self.config.integer("q_lora_rank", default=0)),
            "attn_kv_a_mqa.weight": (self.latent + self.rotated, self.hidden),
            "attn_output.weight": (self.hidden, self.heads * self.value_size),
        }

    def describe_groups(self, writer: Any) -> None:
        """V2 takes the groups with the best expert; engines know only V3's way."""
        if (
            self.config.text("topk_method") == "group_limited_greedy"
            and self.config.integer("n_group", default=1) > 1
        ):
            self.notes.append(
                "Its choice among groups of experts is left out: llama.cpp has none of that kind."
            )

    def describe_heads(self, writer: Any) -> None:
        """Keys and values of all heads are made of one latent vector, which is what is kept."""
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(1)
        writer.add_key_length(self.latent + self.rotated)
        writer.add_value_length(self.latent)
        writer.add_key_length_mla(self.unrotated + self.rotated)
        writer.add_value_length_mla(self.value_size)

    def describe_positions(self, writer: Any) -> None:
        writer.add_rope_dimension_count(self.rotated)
        if not self.config.flag("rope_interleave", default=True):
            raise Unsupported("DeepSeek whose positions are not interleaved is not known.")
        describe_rope(writer, self.rope, self.context_length, self.rope_scalings)
        if self.rope.scaling == "yarn":
            writer.add_rope_scaling_yarn_log_mul(
                0.1 * self.rope.parameters.number("mscale_all_dim", default=0.0)
            )

    def holds_weights(self, name: str) -> bool:
        """Layers beyond the last predict further tokens, and are left out."""
        block = _BLOCK.match(name)
        return super().holds_weights(name) and not (block and int(block[1]) >= self.blocks)

    def place(self, name: str, source: Source) -> Named:
        name = name.replace("e_score_correction_bias", "e_score_correction.bias")
        if name.endswith("kv_b_proj.weight"):
            yield from self._parted(name, source)
        else:
            yield from super().place(name, source)

    def _parted(self, name: str, source: Source) -> Named:
        """What makes keys, turned around, and what makes values, of each head."""
        height = self.unrotated + self.value_size
        if source.rows != self.heads * height:
            raise InvalidModel(
                f"{name} has {source.rows} rows instead of {self.heads * height}.", "Take another copy."
            )
        rows = np.arange(source.rows).reshape(self.heads, height)
        keys, values = rows[:, : self.unrotated], rows[:, self.unrotated :]
        of_keys = Rows(source, keys.ravel(), (self.heads, self.unrotated, self.latent))
        yield name.replace("kv_b_proj", "k_b_proj"), Transposed(of_keys)
        yield (
            name.replace("kv_b_proj", "v_b_proj"),
            Rows(source, values.ravel(), (self.heads, self.value_size, self.latent)),
        )


class DeepSeekV3(DeepSeekV2):
    accepts: ClassVar[tuple[str, ...]] = ("DeepseekV3ForCausalLM",)
    gating: ClassVar[Any] = gguf.ExpertGatingFuncType.SIGMOID

    def describe_groups(self, writer: Any) -> None:
        writer.add_expert_group_count(self.config.integer("n_group", default=1, low=1))
        writer.add_expert_group_used_count(self.config.integer("topk_group", default=1, low=1))
