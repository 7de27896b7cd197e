"""Each kind of constraint as a grammar that llguidance reads. Checks no more than it must to translate."""

from __future__ import annotations

from typing import Any, assert_never

from llguidance import LLMatcher

from workbench.constraining.gbnf_as_lark import gbnf_as_lark
from workbench.constraint import JSON_SPACING, Constraint
from workbench.errors import InvalidConstraint

_JSON_OPTIONS: Any = {**JSON_SPACING, "coerce_one_of": False, "lenient": False}


def translated(constraint: Constraint) -> str:
    """Raises InvalidConstraint."""
    match constraint.kind:
        case "json_schema":
            return _from_schema(constraint.text)
        case "regex":
            return LLMatcher.grammar_from_regex(constraint.text)
        case "lark":
            return LLMatcher.grammar_from_lark(constraint.text)
        case "gbnf":
            return LLMatcher.grammar_from_lark(gbnf_as_lark(constraint.text))
        case _:
            assert_never(constraint.kind)


def _from_schema(schema: str) -> str:
    try:
        return LLMatcher.grammar_from_json_schema(schema, overrides=_JSON_OPTIONS)
    except ValueError as error:
        raise InvalidConstraint(f"The schema is not valid JSON: {error}.", "Correct the schema.") from None
