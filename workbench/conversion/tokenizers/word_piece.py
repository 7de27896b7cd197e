"""WordPiece, BERT's kind: from tokenizer.json, or from vocab.txt with one token a line."""

from __future__ import annotations

from workbench.conversion.json_file import Entries
from workbench.conversion.tokenizers.vocabulary import TokenType, Vocabulary, vocabulary_from
from workbench.errors import Unsupported

_CONTINUES, _BEGINS = "##", "▁"
_OTHER_ACCENTS = (
    "llama.cpp takes Korean, Indic and some other scripts apart otherwise than this tokenizer does."
)


def word_piece(tokenizer: Entries) -> Vocabulary:
    """Raises InvalidModel, or Unsupported for steps that llama.cpp does not do."""
    model, normalizer = tokenizer.object("model"), tokenizer.object("normalizer")
    if model.text("continuing_subword_prefix", _CONTINUES) != _CONTINUES:
        raise Unsupported("The tokenizer marks the rest of words by something else than ##.")
    if normalizer.text("type") != "BertNormalizer" or not normalizer.flag(
        "handle_chinese_chars", default=True
    ):
        raise Unsupported("The tokenizer prepares text otherwise than BERT does, which llama.cpp does not.")
    tokens, types = vocabulary_from(model.object("vocab").values, tokenizer.file)
    lowercase = normalizer.flag("lowercase", default=True)
    return _vocabulary(tokens, types, lowercase, normalizer.flag("strip_accents", default=lowercase))


def word_piece_of_lines(text: str, config: Entries) -> Vocabulary:
    """Of vocab.txt; the rest is told by tokenizer_config.json."""
    pieces = {line: number for number, line in enumerate(text.rstrip("\n").split("\n"))}
    tokens, types = vocabulary_from(pieces, "vocab.txt")
    lowercase = config.flag("do_lower_case", default=True)
    found = _vocabulary(tokens, types, lowercase, config.flag("strip_accents", default=lowercase))
    for index, token in enumerate(tokens):
        if token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
            found.tokens[index], found.types[index] = token, int(TokenType.CONTROL)
    return found


def _vocabulary(tokens: list[str], types: list[int], lowercase: bool, strip_accents: bool) -> Vocabulary:
    options = {"normalizer.lowercase": lowercase, "normalizer.strip_accents": strip_accents}
    found = Vocabulary("bert", "default", [_marked(token) for token in tokens], types, options=options)
    found.notes += [_OTHER_ACCENTS] if strip_accents else []
    return found


def _marked(token: str) -> str:
    """GGUF marks where words begin, instead of where they go on."""
    return token.removeprefix(_CONTINUES) if token.startswith(_CONTINUES) else _BEGINS + token
