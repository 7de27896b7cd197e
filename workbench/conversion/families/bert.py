"""BERT and RoBERTa: encoders that make vectors of texts."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from workbench.conversion.family import Family, Named
from workbench.conversion.json_file import Entries
from workbench.conversion.sources import Rows, Source
from workbench.errors import InvalidModel, Unsupported


class Bert(Family):
    architecture: ClassVar[str] = "bert"
    accepts: ClassVar[tuple[str, ...]] = ("BertModel", "BertForMaskedLM")
    activations: ClassVar[frozenset[str]] = frozenset({"gelu", "gelu_new", "gelu_pytorch_tanh"})
    required: ClassVar[tuple[str, ...]] = (
        "token_embd.weight",
        "position_embd.weight",
        "token_embd_norm.weight",
    )
    head: ClassVar[tuple[str, ...]] = ()
    prefix: ClassVar[str] = "bert."
    left_out: ClassVar[tuple[str, ...]] = ("cls.", "pooler.", "lm_head.")
    """What only training needs, or what classifies."""

    def describe(self, writer: Any) -> None:
        if self.config.text("position_embedding_type", "absolute") != "absolute":
            raise Unsupported("Encoders whose positions are relative are not known.")
        super().describe(writer)
        writer.add_causal_attention(False)
        writer.add_token_type_count(self.config.integer("type_vocab_size", default=1))

    def describe_positions(self, writer: Any) -> None:
        """They are learned."""

    def describe_norms(self, writer: Any) -> None:
        writer.add_layer_norm_eps(self.config.number("layer_norm_eps", default=1e-12))

    def holds_weights(self, name: str) -> bool:
        return super().holds_weights(name) and not name.removeprefix(self.prefix).startswith(self.left_out)

    def place(self, name: str, source: Source) -> Named:
        yield name.removeprefix(self.prefix).replace(".gamma", ".weight").replace(".beta", ".bias"), source


class Roberta(Bert):
    """Its first positions belong to padding."""

    accepts: ClassVar[tuple[str, ...]] = ("RobertaModel", "RobertaForMaskedLM")
    prefix: ClassVar[str] = "roberta."

    def __init__(self, config: Entries) -> None:
        super().__init__(config)
        self.padding = config.integer("pad_token_id", default=1, high=1024) + 1
        self.context_length = max(self.context_length - self.padding, 1)

    def place(self, name: str, source: Source) -> Named:
        for plain, each in super().place(name, source):
            if plain == "embeddings.position_embeddings.weight":
                if each.rows <= self.padding:
                    raise InvalidModel(f"{name} has only {each.rows} rows.", "Take another copy.")
                order = np.arange(self.padding, each.rows)
                each = Rows(each, order, (len(order), each.columns))
            yield plain, each


class XlmRoberta(Roberta):
    accepts: ClassVar[tuple[str, ...]] = ("XLMRobertaModel", "XLMRobertaForMaskedLM")
