"""The tokenizer of a model's folder, of whatever kind it is, with everything that GGUF says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.conversion.json_file import Entries, read_object_if_there, read_text
from workbench.conversion.tokenizers.byte_fallback import byte_fallback
from workbench.conversion.tokenizers.byte_level import byte_level
from workbench.conversion.tokenizers.chat_templates import chat_templates, describe_templates
from workbench.conversion.tokenizers.sentence_piece import sentence_piece
from workbench.conversion.tokenizers.special_tokens import put_around, special_ids
from workbench.conversion.tokenizers.unigram import unigram
from workbench.conversion.tokenizers.vocabulary import Vocabulary, add_tokens
from workbench.conversion.tokenizers.word_piece import word_piece, word_piece_of_lines
from workbench.errors import InvalidModel, InvalidRequest, Unsupported

_PIECES = "tokenizer.model"


def describe_tokenizer(writer: Any, folder: Path, model: Entries, rows: int, pre: str) -> list[str]:
    """Put the tokenizer into the GGUFWriter, as long as the model's `rows` of embeddings; returns notes.

    `pre` names how words are found, "" to find it out. Raises InvalidModel, InvalidRequest or
    Unsupported.
    """
    tokenizer = read_object_if_there(folder / "tokenizer.json")
    config = read_object_if_there(folder / "tokenizer_config.json")
    vocabulary = _vocabulary(folder, tokenizer, config, pre)
    if pre and vocabulary.pre != pre:
        raise InvalidRequest("This tokenizer finds words in a way of its own, which --pre cannot change.")
    add_tokens(vocabulary, tokenizer, config, read_object_if_there(folder / "added_tokens.json"))
    vocabulary.fit(rows)
    vocabulary.describe(writer)
    named = [config, read_object_if_there(folder / "special_tokens_map.json")]
    numbered = [read_object_if_there(folder / "generation_config.json"), model]
    ids = special_ids(vocabulary, named, numbered)
    for role, identity in ids.items():
        getattr(writer, f"add_{role}_token_id")(identity)
    for role, added in put_around(vocabulary, ids, tokenizer, config).items():
        getattr(writer, f"add_add_{role}_token")(added)
    describe_templates(writer, chat_templates(folder, config))
    return vocabulary.notes


def _vocabulary(folder: Path, tokenizer: Entries, config: Entries, pre: str) -> Vocabulary:
    if tokenizer.values:
        return _of_json(folder, tokenizer, pre)
    if (folder / _PIECES).is_file():
        return sentence_piece(folder / _PIECES)
    if (folder / "vocab.txt").is_file():
        return word_piece_of_lines(read_text(folder / "vocab.txt"), config)
    raise InvalidModel(
        f"{folder} has no tokenizer: neither tokenizer.json nor {_PIECES} nor vocab.txt.",
        "Fetch those files as well; transformers' save_pretrained of the tokenizer makes tokenizer.json.",
    )


def _of_json(folder: Path, tokenizer: Entries, pre: str) -> Vocabulary:
    model = tokenizer.object("model")
    match _kind(model):
        case "BPE" if model.flag("byte_fallback"):
            return (
                sentence_piece(folder / _PIECES) if (folder / _PIECES).is_file() else byte_fallback(tokenizer)
            )
        case "BPE":
            return byte_level(tokenizer, pre)
        case "Unigram":
            return unigram(tokenizer)
        case "WordPiece":
            return word_piece(tokenizer)
        case kind:
            raise Unsupported(f"A tokenizer of the kind {kind or 'without a name'!r} is not known.")


def _kind(model: Entries) -> str:
    """Older files do not name it."""
    if model.text("type"):
        return model.text("type")
    if isinstance(model.values.get("vocab"), list):
        return "Unigram"
    return "BPE" if "merges" in model else "WordPiece"
