"""Reads the quant out of a file's name, as publishers write it. Never looks into the file.

A name is a stem, perhaps a publisher's prefix, and a type that llama.cpp or one of its descendants knows:
"Qwen3-8B-UD-Q4_K_XL" is "Qwen3-8B" and "UD-Q4_K_XL".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIXES = ("UD", "i1", "imat", "smol", "pure")
"""Publishers' words for how the quant was made; the same type with another prefix is another file."""

_TYPES = (
    r"I?Q[1-8](?:_[01])(?:_(?:[48]_[48]|R4|R8|G128))?",  # Q4_0, Q4_0_4_8, Q1_0_g128
    r"I?Q[1-8](?:_?K)(?:_(?:XXS|XS|S|M|L|XL))?(?:_(?:R4|R8|XL|L))?",  # Q4_K_M, Q6_K, Q8_K_XL
    r"IQ[1-6]_(?:XXS|XS|S|M|L|NL|KSS|KS|KT|KL|K)(?:_XL)?(?:_R4|_R8)?",  # IQ2_XXS, IQ4_NL, IQ4_KSS
    r"Q[2-8]",
    r"TQ[12]_0",
    r"(?:MX|NV)FP4(?:_MOE)?",
    r"BF16|F(?:P)?(?:8|16|32|64)",
)
_LABEL = re.compile(
    rf"(?:^|[-._])((?:(?:{'|'.join(_PREFIXES)})[-_])?(?:{'|'.join(_TYPES)}))(?=$|[-._])", re.IGNORECASE
)
_LETTERS = {prefix.lower(): prefix for prefix in _PREFIXES}


@dataclass(frozen=True, slots=True)
class Name:
    """A name without its quant, and the quant in the usual letters; "" where none is told."""

    stem: str
    quant: str


def split_name(name: str) -> Name:
    """Of several quants in a name the last counts, for publishers add it at the end."""
    found = list(_LABEL.finditer(name))
    if not found:
        return Name(name, "")
    last = found[-1]
    stem = (name[: last.start()] + name[last.end() :]).strip("-._")
    return Name(stem, _usual_letters(last[1]))


def bits(quant: str) -> int:
    """The first number of the label: 4 of Q4_K_M, 16 of BF16; 0 where there is none."""
    digits = re.search(r"\d+", re.sub(r"^i1[-_]", "", quant))
    return int(digits[0]) if digits else 0


def _usual_letters(label: str) -> str:
    prefixed = re.fullmatch(rf"({'|'.join(_PREFIXES)})[-_](.+)", label, re.IGNORECASE)
    kind = (prefixed[2] if prefixed else label).upper()
    kind = re.sub(r"^FP(?=16|32|64)", "F", kind)
    return f"{_LETTERS[prefixed[1].lower()]}-{kind}" if prefixed else kind
