"""Text and tokens, as the library that made the tokenizer has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, trainers

import workbench_guide
from tests.conversion import tiny_tokenizers
from tests.conversion.corpus import lines
from tests.exllama.folders import write_model
from tests.exllama.guide_folder import write_guide
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, ModelNotFound
from workbench_exllama.backend import ExllamaBackend
from workbench_exllama.vocabulary import Vocabulary
from workbench_llama_cpp.tokenizer import open_tokenizer

ALONE = EngineSettings(vocabulary_only=True)

TEXTS = ["What is a token?", "Ünïcödé, 日本語 and 😀.", "  spaces\n\tand\nlines  ", "x"]


def marked() -> Tokenizer:
    """As those of the first Llamas: bars for spaces, and bytes for what is rare."""
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    made.train_from_iterator(lines(200, seed=1), trainer)
    document = json.loads(made.to_str())
    document["added_tokens"] = document["added_tokens"][:3]
    return Tokenizer.from_str(json.dumps(document))


MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "byte-level": lambda: tiny_tokenizers.byte_level("qwen2"),
    "spaces marked": marked,
}


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest) -> Tokenizer:
    return MAKERS[request.param]()


def vocabulary(made: Tokenizer, folder: Path) -> Vocabulary:
    write_model(folder, "exl3")
    made.save(str(folder / "tokenizer.json"))
    return Vocabulary(folder, made.get_vocab_size() + 5, frozenset())


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_tokens_are_those_of_the_library(text: str, made: Tokenizer, tmp_path: Path) -> None:
    read = vocabulary(made, tmp_path)
    tokens = read.tokenize(text, special=False)
    assert tokens == made.encode(text, add_special_tokens=False).ids
    assert read.detokenize(tokens).decode() == made.decode(tokens, skip_special_tokens=False) == text
    assert b"".join(read.pieces(tokens)).decode() == text


def test_what_begins_each_text_is_added_once(tmp_path: Path) -> None:
    read = vocabulary(tiny_tokenizers.byte_level("qwen2"), tmp_path)
    first = read.own_tokens["<|begin|>"]
    assert read.first_token == first
    once = read.tokenize("x", special=True)
    assert once[0] == first and read.tokenize("<|begin|>x", special=True) == once
    assert first not in read.tokenize("<|begin|>x", special=False)
    assert read.tokenize("x", special=True, add=False) == once[1:]
    assert read.tokenize("x", special=False, add=True) == once


def test_control_tokens_have_names_and_no_text(tmp_path: Path) -> None:
    read = vocabulary(tiny_tokenizers.byte_level("qwen2"), tmp_path)
    end = read.own_tokens["<|end|>"]
    assert (read.piece(end), read.name(end), read.is_control(end)) == (b"", b"<|end|>", True)
    assert read.piece_showing((end,))(end) == b"<|end|>"
    assert read.piece(read.size - 1) == b"", "the model may have more tokens than the tokenizer"


def test_tokens_that_were_added_in_brackets_stand_for_themselves(tmp_path: Path) -> None:
    made = Tokenizer.from_str(tiny_tokenizers.byte_level("qwen2").to_str())
    made.add_tokens([AddedToken("<tool_call>", special=False), AddedToken("word", special=False)])
    own = vocabulary(made, tmp_path).own_tokens
    assert "<tool_call>" in own and "word" not in own


@pytest.mark.parametrize("text", ["{", '{"model": 1}', "[]"])
def test_a_broken_tokenizer_is_one_sentence(text: str, tmp_path: Path) -> None:
    write_model(tmp_path, "exl3")
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(InvalidModel, match=r"tokenizer\.json"):
        Vocabulary(tmp_path, 300, frozenset())
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ModelNotFound, match=r"tokenizer\.json"):
        Vocabulary(tmp_path, 300, frozenset())


def test_templates_are_found_wherever_they_stand(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "exl3")
    named = [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]
    config = {"bos_token": {"content": "<s>"}, "chat_template": named}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    chat = Vocabulary(folder, 305, frozenset()).chat
    assert (chat.template, chat.tool_template, chat.special_tokens) == ("a", "b", {"bos_token": "<s>"})
    (folder / "chat_template.jinja").write_text("c")
    assert Vocabulary(folder, 305, frozenset()).chat.template == "c"


@pytest.mark.slow
@pytest.mark.parametrize("special", [False, True])
def test_a_model_reads_text_as_its_gguf_file_does(special: bool, tmp_path: Path) -> None:
    read = ExllamaBackend().open(str(write_guide(tmp_path, "exl3")), ALONE, lambda share: True)
    other = open_tokenizer(str(workbench_guide.PATH), lambda share: True)
    for text in [*TEXTS, "<|im_start|>user\nx<|im_end|>", *lines(50, seed=2)]:
        tokens = other.tokenize(text, special=special)
        assert read.tokenize(text, special=special) == tokens
        assert read.detokenize(tokens) == other.detokenize(tokens)
    assert read.facts.chat_template == other.facts.chat_template
    assert read.facts.own_tokens == other.facts.own_tokens
    other.close()
