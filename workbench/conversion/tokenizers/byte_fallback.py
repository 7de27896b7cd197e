"""BPE over letters with bytes for what is rare: SentencePiece's way, read from tokenizer.json.

GGUF has scores where tokenizer.json has an order of merges. They say the same as long as every pair of tokens
that makes a third may be merged, which is so where the tokenizer was made of a SentencePiece model.
"""

from __future__ import annotations

import re

from workbench.conversion.json_file import Entries
from workbench.conversion.tokenizers.vocabulary import TokenType, Vocabulary, vocabulary_from
from workbench.errors import Unsupported

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_MAX_MISSING_SHARE = 0.001


def byte_fallback(tokenizer: Entries) -> Vocabulary:
    """Raises InvalidModel, or Unsupported where the merges cannot be told by scores."""
    model = tokenizer.object("model")
    tokens, types = vocabulary_from(model.object("vocab").values, tokenizer.file)
    pairs = [_pair(model, merge) for merge in model.items("merges")]
    _check_all_merge(pairs, set(tokens))
    ranks: dict[str, int] = {}
    for rank, (left, right) in enumerate(pairs):
        ranks.setdefault(left + right, rank)
    scores = [float(-ranks.get(token, len(pairs))) for token in tokens]
    kinds = [
        int(TokenType.BYTE) if _BYTE.fullmatch(token) else kind
        for token, kind in zip(tokens, types, strict=True)
    ]
    found = Vocabulary("llama", "default", tokens, kinds, scores)
    found.options["add_space_prefix"] = _prefixes(tokenizer)
    if model.text("unk_token") in tokens:
        found.special_ids["unk"] = tokens.index(model.text("unk_token"))
        found.types[found.special_ids["unk"]] = int(TokenType.UNKNOWN)
    return found


def _pair(model: Entries, merge: object) -> tuple[str, str]:
    pair = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        model.refuse("merges", "holds something else than pairs")
    return pair[0], pair[1]


def _check_all_merge(pairs: list[tuple[str, str]], tokens: set[str]) -> None:
    known, total, missing = set(pairs), 0, 0
    for token in {left + right for left, right in pairs}:
        for cut in range(1, len(token)):
            pair = token[:cut], token[cut:]
            if pair[0] in tokens and pair[1] in tokens:
                total += 1
                missing += pair not in known
    if missing > _MAX_MISSING_SHARE * total:
        raise Unsupported(
            f"The tokenizer merges {total - missing:,} of {total:,} pairs; GGUF says all or none.",
            "Put the model's tokenizer.model beside it, if there is one.",
        )


def _prefixes(tokenizer: Entries) -> bool:
    """Whether a text gets a space in front."""
    normalizer, splitter = tokenizer.object("normalizer"), tokenizer.object("pre_tokenizer")
    steps = [normalizer, *normalizer.objects("normalizers"), splitter, *splitter.objects("pretokenizers")]
    for step in steps:
        if step.text("type") == "Prepend":
            return True
        if step.text("type") == "Metaspace":
            return step.text("prepend_scheme", "always") != "never" and step.flag(
                "add_prefix_space", default=True
            )
    return False
