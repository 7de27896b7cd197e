"""Unigram models, as XLM-RoBERTa and T5 have them, read from tokenizer.json."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

from workbench.conversion.json_file import Entries
from workbench.conversion.tokenizers.vocabulary import TokenType, Vocabulary
from workbench.errors import Unsupported


def unigram(tokenizer: Entries) -> Vocabulary:
    """Raises InvalidModel, or Unsupported for steps that llama.cpp does not do."""
    model = tokenizer.object("model")
    pieces = model.items("vocab")
    if not pieces or not all(_is_piece(piece) for piece in pieces):
        model.refuse("vocab", "holds something else than texts with scores")
    tokens, scores = [piece[0] for piece in pieces], [float(piece[1]) for piece in pieces]
    found = Vocabulary("t5", "default", tokens, [int(TokenType.NORMAL)] * len(tokens), scores)
    unknown = model.integer("unk_id", default=0, high=len(tokens) - 1)
    found.types[unknown] = int(TokenType.UNKNOWN)
    found.special_ids["unk"] = unknown
    found.options = {"add_space_prefix": False, "remove_extra_whitespaces": False}
    _follow(tokenizer.object("normalizer"), found)
    _follow(tokenizer.object("pre_tokenizer"), found)
    return found


def _is_piece(piece: object) -> bool:
    match piece:
        case [str(), int() | float()]:
            return True
    return False


def _follow(step: Entries, found: Vocabulary) -> None:
    match step.text("type"):
        case "Sequence":
            for inner in (*step.objects("normalizers"), *step.objects("pretokenizers")):
                _follow(inner, found)
        case "Precompiled":
            try:
                found.charsmap = b64decode(step.text("precompiled_charsmap"), validate=True)
            except (Error, ValueError):
                step.refuse("precompiled_charsmap", "is not base64")
        case "Metaspace":
            scheme = step.text("prepend_scheme", "always") != "never"
            found.options["add_space_prefix"] = scheme and step.flag("add_prefix_space", default=True)
        case "WhitespaceSplit" | "Replace" | "Strip":
            found.options["remove_extra_whitespaces"] = True
        case "" | "Nmt" | "NFKC":
            pass
        case kind:
            raise Unsupported(f"The tokenizer changes text by {kind}, which llama.cpp does not for Unigram.")
