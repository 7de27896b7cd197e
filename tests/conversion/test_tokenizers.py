"""A thousand lines of mixed languages become the same tokens in llama.cpp as in the original tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.conversion import folders, tiny_tokenizers
from tests.conversion.corpus import lines
from tests.conversion.llama_cpp_answers import Model
from tests.conversion.references import save_tokenizer
from tests.conversion.test_converting import converted, value_of
from workbench.errors import WorkbenchError

pytestmark = pytest.mark.slow
LINES = 1000


def folder_with(tmp_path: Path, tokenizer: Tokenizer | None = None, **roles: str) -> Path:
    """A model of as many tokens as the tokenizers have."""
    tensors = folders.llama_tensors()
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = np.resize(tensors[name], (tiny_tokenizers.SIZE, folders.HIDDEN))
    changes = {"vocab_size": tiny_tokenizers.SIZE, "bos_token_id": 1, "eos_token_id": 2}
    folder = folders.llama(tmp_path, tensors, changes)
    if tokenizer:
        save_tokenizer(tokenizer, folder, **roles)
    return folder


def differing(path: Path, tokenizer: Tokenizer) -> list[str]:
    with Model(path) as model:
        return [line for line in lines(LINES) if model.tokens(line) != tokenizer.encode(line).ids]


@pytest.mark.parametrize("pre", sorted(tiny_tokenizers.BYTE_LEVEL))
def test_byte_level(tmp_path: Path, pre: str) -> None:
    tokenizer = tiny_tokenizers.byte_level(pre)
    made = converted(folder_with(tmp_path, tokenizer, bos_token="<|begin|>", eos_token="<|end|>"))
    others = differing(made.path, tokenizer)
    if pre == "tekken":
        assert "combining marks" in "".join(made.notes)
        others = [line for line in others if not any("\u0900" <= letter <= "\u17ff" for letter in line)]
    assert others == []


def test_unigram(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizers.unigram()
    made = converted(folder_with(tmp_path, tokenizer, bos_token="<s>", eos_token="</s>"))
    assert differing(made.path, tokenizer) == []


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("file", ["tokenizer.model", "tokenizer.json"])
def test_sentence_piece(tmp_path: Path, prefix: bool, file: str) -> None:
    """As tokenizer.model, and as the tokenizer.json that transformers makes of it."""
    import sentencepiece

    folder = folder_with(tmp_path)
    (folder / "tokenizer.json").unlink()
    path = tiny_tokenizers.train_sentence_piece(folder, prefix=prefix)
    (folder / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": True}))
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(path))
    if file == "tokenizer.json":
        tiny_tokenizers.json_of_pieces(folder, prefix=prefix)
        path.unlink()
    with Model(converted(folder).path) as model:
        others = [line for line in lines(LINES) if model.tokens(line) != [1, *pieces.encode(line)]]
    assert others == []


def test_a_name_given_overrules_what_is_found(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, tiny_tokenizers.byte_level("qwen2"))
    assert value_of(converted(folder).path, "tokenizer.ggml.pre") == "qwen2"
    assert value_of(converted(folder, pre="stablelm2").path, "tokenizer.ggml.pre") == "stablelm2"


def test_a_name_given_for_another_kind_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, tiny_tokenizers.unigram())
    with pytest.raises(WorkbenchError, match="--pre cannot change"):
        converted(folder, pre="qwen2")
