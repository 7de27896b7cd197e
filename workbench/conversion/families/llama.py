"""Llama and what is built like it: SmolLM, Mistral, Yi and many others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from workbench.conversion.family import Family, Named
from workbench.conversion.gguf_output import Weight
from workbench.conversion.json_file import Entries
from workbench.conversion.rope import llama3_factors
from workbench.conversion.sources import Given, Rows, Source
from workbench.errors import InvalidModel, Unsupported


class Llama(Family):
    architecture: ClassVar[str] = "llama"
    accepts: ClassVar[tuple[str, ...]] = ("LlamaForCausalLM",)
    rope_scalings: ClassVar[frozenset[str]] = frozenset({"linear", "yarn", "llama3"})

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        writer.add_vocab_size(self.config.integer("vocab_size", low=1))

    def place(self, name: str, source: Source) -> Named:
        if ".q_proj." in name:
            source = interleaved(name, source, self.heads)
        elif ".k_proj." in name:
            source = interleaved(name, source, self.kv_heads)
        yield name, source

    def extra(self) -> Iterator[Weight]:
        if self.rope.scaling == "llama3":
            yield Weight("rope_freqs.weight", Given(llama3_factors(self.rope, self.head_size)))


class Mistral(Llama):
    accepts: ClassVar[tuple[str, ...]] = ("MistralForCausalLM",)

    def __init__(self, config: Entries) -> None:
        super().__init__(config)
        window = config.integer("sliding_window", default=0)
        if 0 < window < self.context_length:
            self.notes.append(
                f"It attends to {window} tokens at once, which GGUF does not say: keep --context below."
            )


class SmolLM3(Llama):
    """Every fourth layer has no positions."""

    architecture: ClassVar[str] = "smollm3"
    accepts: ClassVar[tuple[str, ...]] = ("SmolLM3ForCausalLM",)

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        rotated = self.config.items("no_rope_layers")
        if any(bool(each) != ((number + 1) % 4 != 0) for number, each in enumerate(rotated)):
            raise Unsupported("SmolLM3 is known with positions left out in every fourth layer only.")


def interleaved(name: str, source: Source, heads: int) -> Rows:
    """Rows as GGUF's rotary embedding wants them: pairs of a head side by side instead of in two halves."""
    if source.rows % (2 * heads):
        raise InvalidModel(
            f"{name} has {source.rows} rows, which do not make {heads} heads.", "Take another copy."
        )
    order = np.arange(source.rows).reshape(heads, 2, -1).swapaxes(1, 2).ravel()
    return Rows(source, order, source.shape)
