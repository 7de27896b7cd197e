"""Whether one model can draft for another: both have to mean the same text by the same number.

Told from the headers, before anything is loaded. Lists may be filled up to different lengths, and control
tokens may have other names, as they do in models that were trained further: such a draft is only less often
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from workbench.errors import InvalidRequest
from workbench.gguf import Header

MOST_FILLED_UP = 128
_CONTROL = 3
"""GGUF's number for control tokens."""
_LONGEST_SHOWN = 40


def check_vocabulary(header: Header, draft: Header) -> None:
    """Raise InvalidRequest, which says what differs."""
    if (found := _difference(header, draft)) is not None:
        raise InvalidRequest(
            f"{draft.source_name} cannot draft for {header.source_name}: {found}.",
            "Use a draft model of the same family, with the same vocabulary.",
        )


def _difference(header: Header, draft: Header) -> str | None:
    kind, draft_kind = (one.metadata.get("tokenizer.ggml.model") for one in (header, draft))
    if kind != draft_kind:
        return f"its tokenizer is of the kind {draft_kind}, and the model's is {kind}"
    own, other = _tokens(header), _tokens(draft)
    if abs(len(own) - len(other)) > MOST_FILLED_UP:
        return f"its vocabulary has {len(other):,} tokens, and the model's has {len(own):,}"
    return _differing_token(header, draft)


def _differing_token(header: Header, draft: Header) -> str | None:
    own, other = _tokens(header), _tokens(draft)
    shared = min(len(own), len(other))
    if list(islice(own, shared)) == list(islice(other, shared)):
        return None
    types = [_list(one, "tokenizer.ggml.token_type") for one in (header, draft)]
    for token, (left, right) in enumerate(zip(own, other, strict=False)):
        if left != right and not all(_is_control(kinds, token) for kinds in types):
            return f"its token {token} is {_shown(right)}, and the model's is {_shown(left)}"
    return None


def _tokens(header: Header) -> Sequence[object]:
    return _list(header, "tokenizer.ggml.tokens")


def _list(header: Header, key: str) -> Sequence[object]:
    found = header.metadata.get(key)
    return found if isinstance(found, Sequence) else ()


def _is_control(types: Sequence[object], token: int) -> bool:
    return token < len(types) and types[token] == _CONTROL


def _shown(token: object) -> str:
    text = repr(token)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
