"""Phi 3 and 4."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from workbench.conversion.family import Family
from workbench.conversion.gguf_output import Weight
from workbench.conversion.json_file import Entries
from workbench.conversion.rope import describe_rope
from workbench.conversion.sources import Given


class Phi3(Family):
    architecture: ClassVar[str] = "phi3"
    accepts: ClassVar[tuple[str, ...]] = ("Phi3ForCausalLM",)
    rope_scalings: ClassVar[frozenset[str]] = frozenset({"longrope"})

    def __init__(self, config: Entries) -> None:
        super().__init__(config)
        outer = config.number("partial_rotary_factor", default=1.0)
        self.rotated = int(
            self.rope.parameters.number("partial_rotary_factor", default=outer) * self.head_size
        )
        length = config.integer("original_max_position_embeddings", default=self.context_length, low=2)
        self.original_length = self.rope.parameters.integer(
            "original_max_position_embeddings", default=length, low=2
        )
        window = config.integer("sliding_window", default=0)
        if 0 < window < self.context_length:
            self.notes.append(
                f"Its sliding window of {window} tokens is left out, as llama.cpp does not follow it."
            )

    def describe_positions(self, writer: Any) -> None:
        writer.add_rope_dimension_count(self.rotated)
        describe_rope(writer, self.rope, self.context_length, self.rope_scalings)
        writer.add_rope_scaling_orig_ctx_len(self.original_length)
        # Engines tell Phi 4 from Phi 3 by a window of none.
        writer.add_sliding_window(0)
        if self.rope.scaling == "longrope":
            writer.add_rope_scaling_attn_factors(self._attention_factor())

    def extra(self) -> Iterator[Weight]:
        if self.rope.scaling != "longrope":
            return
        for kind in ("long", "short"):
            factors = self.rope.parameters.numbers(f"{kind}_factor")
            if len(factors) != self.rotated // 2:
                self.rope.parameters.refuse(f"{kind}_factor", f"has not {self.rotated // 2} numbers")
            yield Weight(f"rope_factors_{kind}.weight", Given(np.array(factors, np.float32)))

    def _attention_factor(self) -> float:
        """How much attention is sharpened for contexts longer than those of the first training."""
        longer = self.context_length / self.original_length
        usual = math.sqrt(1 + math.log(longer) / math.log(self.original_length)) if longer > 1 else 1.0
        return self.rope.parameters.number("attention_factor", default=usual)
