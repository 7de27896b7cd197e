"""How words are found before tokens are: what tokenizer.json says of it, and GGUF's name for the same.

GGUF carries no patterns, only a name that engines know. It is found by comparing the patterns, in one
spelling, with those that the named ones have.
"""

from __future__ import annotations

from workbench.conversion.json_file import Entries
from workbench.errors import Unsupported

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPELLINGS = {
    "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])": _CONTRACTIONS,
    "(?i:[sdmt]|ll|ve|re)": "(?i:[sdmt]|ll|ve|re)",
    r"\p{N}{1}": r"\p{N}",
    "\r": r"\r",
    "\n": r"\n",
}
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = (
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_REST}"
)
_QWEN2 = _LLAMA3.replace("{1,3}", "")
_QWEN35 = _QWEN2.replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+").replace(
    r"[^\s\p{L}\p{N}]+", r"[^\s\p{L}\p{M}\p{N}]+"
)
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTIONS}?|"
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTIONS}?|"
    rf"\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_REST}"
)
_TEKKEN = _O200K.replace(f"{_CONTRACTIONS}?", "").replace("{1,3}", "")
_SEED = _QWEN2.replace(r" ?[^\s\p{L}\p{N}]+[\r\n]*", r" ?[^\s\p{L}\p{N}\r\n]+")
_BAILING = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
_DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"""
    rf""" ?[\p{{P}}\p{{S}}]+[\r\n]*|{_REST}"""
)
_DEEPSEEK_LETTERS = (
    r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ"
    "Ὗ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏"
    "𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"
)
_CJK = "[一-龥぀-ゟ゠-ヿ]+"
_CJK_AND_HANGUL = "[一-龥ࠀ-一가-퟿]+"
_DEEPSEEK = (
    r"[\r\n]", _DEEPSEEK_LETTERS, r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", _CJK_AND_HANGUL, r"\p{N}+",
)  # fmt: skip
_PORO = r" ?[^(\s|.,!?…。，、।۔،)]+"

NAMES: dict[tuple[bool, tuple[str, ...]], str] = {
    (False, (_GPT2,)): "gpt-2",
    (False, (r"\p{N}", _GPT2)): "smollm",
    (False, (_LLAMA3,)): "dbrx",
    (True, (_LLAMA3,)): "llama-bpe",
    (False, (_QWEN2,)): "qwen2",
    (False, (_QWEN35,)): "qwen35",
    (False, (_O200K,)): "granite-embed-multi-97m",
    (True, (_O200K,)): "granite-embed-multi-97m",
    (True, (_TEKKEN,)): "tekken",
    (False, (_SEED,)): "seed-coder",
    (False, (_BAILING,)): "bailingmoe",
    (False, (r"\p{N}{1,3}", _CJK, _DEEPSEEK3)): "deepseek-v3",
    (False, _DEEPSEEK): "deepseek-llm",
    (False, (*_DEEPSEEK[:-1], r"\p{N}")): "deepseek-llm",
    (False, (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK_AND_HANGUL, r"\p{N}")): "deepseek-coder",
    (False, (_PORO,)): "bloom",
    (False, (_PORO, r"\p{N}")): "viking",
}  # fmt: skip
"""By whether a word that is a token is taken whole, and by the patterns that split, one after another."""

_ROUGH = {"tekken": "llama.cpp parts words with combining marks, as in Hindi, otherwise than this tokenizer."}
_WHOLE = "llama.cpp takes words that are tokens {} for this kind of tokenizer, and this one does not."


def name_of(tokenizer: Entries) -> tuple[str, list[str]]:
    """GGUF's name for how this tokenizer.json finds words, and where engines differ, in sentences.

    Raises Unsupported where there is none.
    """
    whole_words = tokenizer.object("model").flag("ignore_merges")
    patterns = tuple(_patterns(tokenizer.object("pre_tokenizer")))
    if name := NAMES.get((whole_words, patterns)):
        return name, [_ROUGH[name]] if name in _ROUGH else []
    if name := NAMES.get((not whole_words, patterns)):
        return name, [_WHOLE.format("as their merges make them" if whole_words else "whole")]
    shown = " then ".join(map(repr, patterns)) or "no pattern"
    raise Unsupported(
        f"The tokenizer splits text by {shown}, for which llama.cpp has no name that is known here.",
        "If you know that it is one of llama.cpp's, give its name with --pre.",
    )


def _patterns(step: Entries) -> list[str]:
    match step.text("type"):
        case "Sequence":
            return [pattern for inner in step.objects("pretokenizers") for pattern in _patterns(inner)]
        case "Split" if _cuts_out(step):
            return [_spelled(step.object("pattern"))]
        case "Digits":
            return [r"\p{N}" if step.flag("individual_digits") else r"\p{N}+"]
        case "ByteLevel" if not step.flag("add_prefix_space"):
            return [_GPT2] if step.flag("use_regex", default=True) else []
        case kind:
            return [f"<{kind or 'nothing'}>"]


def _cuts_out(step: Entries) -> bool:
    behavior, invert = step.text("behavior").lower(), step.flag("invert")
    return (behavior, invert) in (("isolated", False), ("removed", True), ("isolated", True))


def _spelled(pattern: Entries) -> str:
    text = pattern.text("Regex") or pattern.text("String")
    for spelling, own in _SPELLINGS.items():
        text = text.replace(spelling, own)
    return text
