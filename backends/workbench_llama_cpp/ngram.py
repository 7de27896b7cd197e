"""Prompt lookup: what followed the last time that the text ended as it ends now. Knows no model."""

from __future__ import annotations

import numpy as np

from workbench_llama_cpp.slots import Tokens

SHORTEST, LONGEST = 3, 16
"""Tokens that have to match at least, and after which no longer match is sought."""


def continuation(text: Tokens, most: int) -> Tokens:
    """The `most` tokens that followed the latest of the longest earlier matches of the text's end, or none.

    Where the text ends before that, it is taken to go round and round from the match on.
    """
    ends = np.flatnonzero(text[:-1] == text[-1])
    matched = 1
    while matched < LONGEST and len(ends):
        longer = ends[ends >= matched]
        longer = longer[text[longer - matched] == text[-1 - matched]]
        if not len(longer):
            break
        ends, matched = longer, matched + 1
    if matched < SHORTEST or not len(ends):
        return text[:0]
    return np.resize(text[ends[-1] + 1 :], most)
