"""A grammar whose schemas llguidance does not know in full, with these in words that it knows."""

from __future__ import annotations

import json

from workbench.constraining.schemas.rewriting import enforceable

_MARK = "%json "


def in_known_words(grammar: str) -> str:
    """`grammar` is one as llguidance reads it. Raises NotEnforceable."""
    if not grammar.startswith("{"):
        return _lark(grammar)
    whole = json.loads(grammar)
    for part in whole["grammars"]:
        if part["json_schema"] is not None:
            part["json_schema"] = enforceable(part["json_schema"])
    return json.dumps(whole, separators=(",", ":"))


def _lark(text: str) -> str:
    before, *pieces = text.split(_MARK)
    return before + "".join(map(_embedded, pieces))


def _embedded(piece: str) -> str:
    """A schema and what follows it in the grammar."""
    try:
        schema, end = json.JSONDecoder().raw_decode(piece)
    except ValueError:  # no schema, but the mark in some text
        return _MARK + piece
    return _MARK + json.dumps(enforceable(schema), ensure_ascii=False) + piece[end:]
