"""Gemma 2 and 3; of those that see, the part about text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np

from workbench.conversion.checkpoint import Checkpoint
from workbench.conversion.element_types import Floats
from workbench.conversion.family import Family, Named
from workbench.conversion.gguf_output import Weight
from workbench.conversion.sources import Changed, Source
from workbench.errors import Unsupported

_PREFIXES = ("model.language_model.", "language_model.model.", "language_model.")
_SEEING = ("vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.")


class Gemma2(Family):
    architecture: ClassVar[str] = "gemma2"
    accepts: ClassVar[tuple[str, ...]] = ("Gemma2ForCausalLM",)
    activations: ClassVar[frozenset[str]] = frozenset({"gelu_pytorch_tanh"})
    head: ClassVar[tuple[str, ...]] = ()
    layers_of_large: ClassVar[int] = 46
    """So many layers has the model whose attention is scaled otherwise."""
    full_attention_every: ClassVar[int] = 2
    sharpened: ClassVar[str] = ".q_proj.weight"

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        self.describe_capping(writer)
        writer.add_sliding_window(self.config.integer("sliding_window", default=4096))
        writer.add_sliding_window_pattern(list(self._within_window()))

    def describe_capping(self, writer: Any) -> None:
        writer.add_attn_logit_softcapping(self.config.number("attn_logit_softcapping", default=50.0))
        writer.add_final_logit_softcapping(self.config.number("final_logit_softcapping", default=30.0))

    def holds_weights(self, name: str) -> bool:
        return super().holds_weights(name) and name != "lm_head.weight" and not name.startswith(_SEEING)

    def place(self, name: str, source: Source) -> Named:
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "model.")
        source = Changed(source, _plus_one) if name.endswith("norm.weight") else source
        if name.endswith(self.sharpened) and self._sharpness() != 1:
            source = Changed(source, partial(np.multiply, self._sharpness()))
        yield f"model.{name.removeprefix(prefix)}", source

    def weights(self, checkpoint: Checkpoint) -> list[Weight]:
        if any(name.startswith(_SEEING) for name in checkpoint.names()):
            self.notes.append("What the model sees with is left out; this is the part about text.")
        return super().weights(checkpoint)

    def _within_window(self) -> Iterator[bool]:
        """For each layer, whether it attends to the sliding window only."""
        kinds = self.config.items("layer_types")
        every = self.config.integer("sliding_window_pattern", default=self.full_attention_every, low=1)
        for layer in range(self.blocks):
            yield kinds[layer] == "sliding_attention" if layer < len(kinds) else (layer + 1) % every != 0

    def _sharpness(self) -> np.float32:
        """What queries are scaled by, where engines assume attention less or more sharp than it is."""
        assumed = self.hidden // self.heads if self.blocks == self.layers_of_large else self.head_size
        own = self.config.number("query_pre_attn_scalar", default=assumed)
        if own <= 0:
            self.config.refuse("query_pre_attn_scalar", "is not above zero")
        return np.float32(math.sqrt(assumed / own))


class Gemma3(Gemma2):
    architecture: ClassVar[str] = "gemma3"
    accepts: ClassVar[tuple[str, ...]] = ("Gemma3ForCausalLM", "Gemma3ForConditionalGeneration")
    layers_of_large: ClassVar[int] = 62
    full_attention_every: ClassVar[int] = 6
    sharpened: ClassVar[str] = ".q_norm.weight"

    def describe_capping(self, writer: Any) -> None:
        if "attn_logit_softcapping" in self.config:
            raise Unsupported("Gemma 3 whose attention is capped is not known.")
        if "final_logit_softcapping" in self.config:
            writer.add_final_logit_softcapping(self.config.number("final_logit_softcapping"))


def _plus_one(values: Floats) -> Floats:
    """Gemma's norms scale by one more than what is stored."""
    return values + 1
