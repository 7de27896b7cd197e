"""BPE over bytes, as GPT-2 introduced it: the kind of most newer models, read from tokenizer.json."""

from __future__ import annotations

from workbench.conversion.json_file import Entries
from workbench.conversion.tokenizers.pre_tokenizers import name_of
from workbench.conversion.tokenizers.vocabulary import Vocabulary, vocabulary_from
from workbench.errors import Unsupported

_SPACE = " "
_SPACE_AS_LETTER = chr(ord(_SPACE) + 0x100)


def byte_level(tokenizer: Entries, pre: str) -> Vocabulary:
    """`pre` is GGUF's name of how words are found; "" to find it out. Raises InvalidModel or Unsupported."""
    model = tokenizer.object("model")
    tokens, types = vocabulary_from(model.object("vocab").values, tokenizer.file)
    name, notes = (pre, []) if pre else name_of(tokenizer)
    notes += _normalizing(tokenizer.object("normalizer"))
    return Vocabulary("gpt2", name, tokens, types, merges=merges_of(model), notes=notes)


def merges_of(model: Entries) -> list[str]:
    """Pairs in the order in which they are merged, each with one space between."""
    merges = []
    for merge in model.items("merges"):
        pair = merge.split(_SPACE) if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            model.refuse("merges", "holds something else than pairs")
        merges.append(_SPACE.join(part.replace(_SPACE, _SPACE_AS_LETTER) for part in pair))
    if not merges:
        model.refuse("merges", "is empty")
    return merges


def _normalizing(normalizer: Entries) -> list[str]:
    kind = normalizer.text("type")
    if kind == "Sequence":
        return [note for inner in normalizer.objects("normalizers") for note in _normalizing(inner)]
    if kind == "NFC":
        return ["llama.cpp does not compose letters (NFC) as this tokenizer does: text should come composed."]
    if kind:
        raise Unsupported(
            f"The tokenizer changes text first ({kind}), which llama.cpp does not for this kind."
        )
    return []
