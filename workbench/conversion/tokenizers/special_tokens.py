"""The tokens with a role, and whether a text gets any at its ends, as the folder's files say it.

tokenizer_config.json names them by text, config.json and generation_config.json by number; tokenizer.json
says in its post-processor what is put around a text.
"""

from __future__ import annotations

from typing import Any

from workbench.conversion.json_file import Entries
from workbench.conversion.tokenizers.vocabulary import Vocabulary

_ROLES = {"bos": ("bos_token", "cls_token"), "eos": ("eos_token", "sep_token"), "unk": ("unk_token",),
          "sep": ("sep_token",), "pad": ("pad_token",), "mask": ("mask_token",)}  # fmt: skip
_FOUND_BY_ENGINES = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>",
    "<|eom_id|>", "</s>",
}  # fmt: skip


def special_ids(vocabulary: Vocabulary, named: list[Entries], numbered: list[Entries]) -> dict[str, int]:
    """Numbers by role: what names tokens comes before what numbers them, the tokenizer's own file last."""
    numbers = {token: index for index, token in reversed(list(enumerate(vocabulary.tokens)))}
    found: dict[str, int] = {}
    for role, keys in _ROLES.items():
        texts = [_text(entries.values.get(key)) for key in keys for entries in named]
        ids = [index for entries in numbered for index in _ids(entries.values.get(f"{role}_token_id"))]
        candidates = [numbers[text] for text in texts if text in numbers]
        candidates += [index for index in ids if 0 <= index < len(vocabulary.tokens)]
        candidates += [vocabulary.special_ids[role]] if role in vocabulary.special_ids else []
        if candidates:
            found[role] = candidates[0]
    ends = [index for entries in numbered for index in _ids(entries.values.get("eos_token_id"))]
    for index in ends:
        known = index == found.get("eos") or not 0 <= index < len(vocabulary.tokens)
        if not known and vocabulary.tokens[index] not in _FOUND_BY_ENGINES:
            found.setdefault("eot", index)
    return found


def put_around(
    vocabulary: Vocabulary, ids: dict[str, int], tokenizer: Entries, config: Entries
) -> dict[str, bool]:
    """Which of bos, eos and sep a text gets; what else it would get is told in the vocabulary's notes."""
    if vocabulary.model == "bert":
        return {"bos": True, "eos": False, "sep": True}
    before, after = _around(tokenizer.object("post_processor"))
    bos, eos = (vocabulary.tokens[ids[role]] if role in ids else None for role in ("bos", "eos"))
    around = {"bos": bos in before, "eos": eos in after}
    if not tokenizer.values:
        around = {"bos": vocabulary.model == "llama", "eos": False}
    for role in around:
        if f"add_{role}_token" in config:
            around[role] = config.flag(f"add_{role}_token")
    if lost := [token for token in (*before, *after) if token not in (bos, eos)]:
        vocabulary.notes.append(
            f"llama.cpp does not put {' '.join(lost)} around a text; a chat template may do so."
        )
    return around


def _around(processor: Entries) -> tuple[list[str], list[str]]:
    """The special tokens before and after one text."""
    for inner in processor.objects("processors"):
        if any(around := _around(inner)):
            return around
    match processor.text("type"):
        case "TemplateProcessing":
            parts = [part.object("SpecialToken").text("id") for part in processor.objects("single")]
            text = parts.index("") if "" in parts else len(parts)
            return parts[:text], [part for part in parts[text:] if part]
        case "BertProcessing" | "RobertaProcessing":
            ends = [_text(processor.values.get(end)) for end in ("cls", "sep")]
            return ends[:1], ends[1:]
    return [], []


def _text(token: Any) -> str:
    """Of a token as such, as an object, or as a pair of text and number."""
    match token:
        case str():
            return token
        case {"content": str(content)} | [str(content), *_]:
            return str(content)
    return ""


def _ids(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [index for index in values if type(index) is int]
