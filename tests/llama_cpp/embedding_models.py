"""Tiny models of random weights that make vectors: encoders and decoders, of every pooling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.blueprints.transformers import llama
from tests.blueprints.weights import write
from tests.llama_cpp.architectures import TINY, bert

SMALL = replace(TINY, layers=2, hidden=64, head_size=8, feed_forward=128, vocabulary=300, context=512,
                small="F32", large="F32", file_type=0)  # fmt: skip
MEAN, CLS, LAST, RANK = 1, 2, 3, 4


def encoder(path: Path, pooling: int = MEAN, *, classes: int = 1, rank_template: str = "") -> Path:
    """BERT, which sees the whole text at once; of RANK it has a head."""
    blueprint = bert(replace(SMALL, kv_heads=SMALL.heads))
    blueprint.say({"pooling_type": pooling})
    if pooling == RANK:
        blueprint.matrix("cls", (SMALL.hidden, SMALL.hidden), "F32")
        blueprint.vector("cls.bias", SMALL.hidden)
        blueprint.matrix("cls.output", (SMALL.hidden, classes), "F32")
        blueprint.vector("cls.output.bias", classes)
        labels = [f"label {number}" for number in range(classes)]
        blueprint.metadata["bert.classifier.output_labels"] = labels
        blueprint.metadata["tokenizer.ggml.seperator_token_id"] = 257
        blueprint.metadata["tokenizer.ggml.add_sep_token"] = True
        blueprint.metadata["tokenizer.ggml.add_eos_token"] = True
    if rank_template:
        blueprint.metadata["tokenizer.chat_template.rerank"] = rank_template
    return write(blueprint, path)


def decoder(path: Path, pooling: int | None = LAST) -> Path:
    """LLaMA, which reads from left to right; without a pooling it is a plain language model."""
    blueprint = llama(replace(SMALL, tied=True))
    if pooling is not None:
        blueprint.say({"pooling_type": pooling})
    return write(blueprint, path)
