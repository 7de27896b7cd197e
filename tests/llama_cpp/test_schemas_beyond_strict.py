"""Keywords beyond OpenAI's strict mode: kept to, as another program judges, or refused by their place."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.llama_cpp.random_answers import drawn, found
from workbench.constraint import Constraint

Schema = dict[str, Any]
COLOURS = {"enum": ["red", "green", "blue"]}
DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}


def valid_answers(schema: Schema, count: int, seed: int = 0) -> set[str]:
    """Different answers, each of them checked."""
    finding, draw = found(Constraint("json_schema", json.dumps(schema))), random.Random(seed)
    assert not finding.fault, f"{schema} at {finding.place}: {finding.fault}"
    answers = {drawn(finding.grammar, draw) for _ in range(count)}
    for answer in answers - {None}:
        jsonschema.Draft202012Validator(schema).validate(json.loads(answer or ""))
    return {answer for answer in answers if answer is not None}


def an_object(**fields: Any) -> Schema:
    """Of small properties, with further keywords."""
    properties = {"a": DIGIT, "b": COLOURS, "c": {"type": "boolean"}}
    return {"type": "object", "properties": properties, "additionalProperties": False, **fields}


def items(**fields: Any) -> Schema:
    return {"type": "array", "maxItems": 5, "items": COLOURS, **fields}


KEPT_TO: dict[str, Schema] = {
    "not a word": {"type": "string", "maxLength": 9, "not": {"enum": ["", "no", "not", "n\no", "é]^"]}},
    "not a number": {**DIGIT, "not": {"enum": [0, 3, 4, 9]}},
    "not a type": {"type": ["string", "boolean", "null"], "not": {"type": "string"}},
    "not a range": {"type": "integer", "minimum": 0, "maximum": 40, "not": {"minimum": 5, "maximum": 35}},
    "not these together": an_object(required=["a", "b"], **{"not": {"required": ["c"]}}),
    "not such a property": an_object(required=["b"], **{"not": {"properties": {"b": {"const": "red"}}}}),
    "not this or that": {**COLOURS, "not": {"anyOf": [{"const": "red"}, {"const": "black"}]}},
    "not such items": items(minItems=1, **{"not": {"items": {"const": "red"}}}),
    "nothing empty": {"type": ["array", "object"], "maxItems": 1, "items": DIGIT, "not": {"enum": [[], {}]}},
    "contains": items(contains={"const": "red"}),
    "contains some": items(contains={"const": "red"}, minContains=2),
    "contains few": items(contains={"const": "red"}, minContains=0, maxContains=1),
    "contains one": items(contains={"const": "red"}, maxContains=1),
    "contains none": items(contains={"const": "red"}, minContains=0, maxContains=0),
    "different": items(uniqueItems=True, minItems=2),
    "different numbers": items(items={"type": "integer", "minimum": 1, "maximum": 4}, uniqueItems=True),
    "different if it must": {**items(uniqueItems=True), "type": ["array", "boolean"]},
    "names by pattern": {
        "type": "object", "propertyNames": {"pattern": "^[ab]$"}, "additionalProperties": DIGIT,
        "maxProperties": 2, "minProperties": 1,
    },
    "names by length": {
        "type": "object", "propertyNames": {"minLength": 2, "maxLength": 3}, "additionalProperties": DIGIT,
        "maxProperties": 2, "minProperties": 1,
    },
    "names of a list": {
        "type": "object", "propertyNames": COLOURS, "additionalProperties": DIGIT, "minProperties": 1
    },
    "names but some": an_object(propertyNames={"not": {"enum": ["a", "c"]}}),
    "if then": an_object(
        required=["b"], **{"if": {"properties": {"b": {"const": "red"}}}, "then": {"required": ["a"]}}
    ),
    "if then else": an_object(
        **{
            "if": {"properties": {"b": {"enum": ["red", "blue"]}}, "required": ["b"]},
            "then": {"required": ["a"], "properties": {"a": {"minimum": 7}}},
            "else": {"properties": {"a": {"maximum": 2}, "c": {"const": True}}},
        }
    ),
    "several ifs": an_object(
        required=["b", "a"],
        allOf=[
            {"if": {"properties": {"b": {"const": colour}}}, "then": {"properties": {"a": {"const": at}}}}
            for at, colour in enumerate(COLOURS["enum"])
        ],
    ),
    "needs": an_object(dependentRequired={"a": ["b"], "b": ["c"]}),
    "changes": an_object(dependentSchemas={"a": {"properties": {"b": {"const": "red"}}, "required": ["b"]}}),
    "needs in the older form": an_object(dependencies={"a": ["b"]}),
    "nothing unevaluated": {
        "type": "object",
        "$ref": "#/$defs/named",
        "allOf": [{"properties": {"a": DIGIT}, "required": ["a"]}],
        "unevaluatedProperties": False,
        "$defs": {"named": {"properties": {"b": COLOURS}}},
    },
    "what is unevaluated": {
        "type": "array", "prefixItems": [DIGIT, COLOURS], "unevaluatedItems": {"const": None}, "maxItems": 4
    },
    "one of ranges": {
        "oneOf": [DIGIT, {"type": "integer", "minimum": 5, "maximum": 19}]
    },
    "one of needs": {
        "oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": DIGIT}, "additionalProperties": DIGIT},
            {"type": "object", "required": ["b"], "properties": {"b": DIGIT}, "additionalProperties": DIGIT},
        ]
    },
    "one of closed": {
        "oneOf": [
            {"type": "object", "required": [name], "properties": {name: DIGIT}, "additionalProperties": False}
            for name in "abc"
        ]
    },
    "one of kinds that may be left out": {
        "oneOf": [
            {"type": "object", "properties": {"k": {"const": k}, "v": DIGIT}, "additionalProperties": False}
            for k in "ab"
        ]
    },
    "one of references": {
        "oneOf": [{"$ref": "#/$defs/low"}, {"$ref": "#/$defs/odd"}],
        "$defs": {"low": {"enum": [1, 2, 3]}, "odd": {"enum": [1, 3, 5, "x"]}},
    },
}  # fmt: skip


@pytest.mark.parametrize("schema", KEPT_TO.values(), ids=KEPT_TO)
def test_a_keyword_is_kept_to(schema: Schema) -> None:
    assert len(valid_answers(schema, 25)) > 1


@pytest.mark.parametrize(
    ("schema", "place", "reason"),
    [
        ({"properties": {"a": {"not": {"pattern": "x"}}}}, "properties.a.not.pattern", "opposite"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems", "a few values"),
        ({"items": {"contains": {"pattern": "x"}, "maxContains": 1}}, "items.contains.pattern", "opposite"),
        ({"propertyNames": {"format": "date"}}, "propertyNames.format", "names"),
        ({"oneOf": [{"pattern": "a"}, {"type": "string"}]}, "oneOf.0.pattern", "opposite"),
        ({"anyOf": [{"if": {"format": "date"}, "then": {"minLength": 3}}]}, "anyOf.0.if.format", "opposite"),
        ({"items": {"uniqueItems": True, "items": {"enum": [*range(12)]}}}, "items.uniqueItems", "2000"),
        ({"not": {"enum": [[1]]}}, "not.enum", "array"),
        ({"anyOf": [{}], "unevaluatedItems": False}, "unevaluatedItems", "beside anyOf"),
    ],
)
def test_what_cannot_be_kept_to_is_refused_by_its_place(schema: Schema, place: str, reason: str) -> None:
    finding = found(Constraint("json_schema", json.dumps(schema)))
    assert finding.place.startswith(place) and reason in finding.fault


NAME = st.sampled_from(["a", "b", "c"])
LEAF: st.SearchStrategy[Schema] = st.one_of(
    st.lists(st.sampled_from([0, 1, 2, 3, "a", "ab", "b", None]), min_size=1, max_size=3, unique=True).map(
        lambda values: {"enum": list(values)}
    ),
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(0, 3), st.integers(0, 4),
    ),
    st.sampled_from(
        [{"type": "null"}, {"type": ["string", "null"], "maxLength": 2}, {"type": "string", "minLength": 1}]
    ),
    st.builds(lambda name: {"required": [name]}, NAME),
    st.builds(
        lambda name, value: {"properties": {name: {"const": value}}}, NAME, st.sampled_from([0, True, "a"])
    ),
)  # fmt: skip


def grown(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    pair = st.lists(inner, min_size=1, max_size=2)
    keyword = st.one_of(
        inner.map(lambda one: {"not": one}),
        st.builds(lambda a, b, c: {"if": a, "then": b, "else": c}, inner, inner, inner),
        pair.map(lambda several: {"oneOf": several}),
        pair.map(lambda several: {"anyOf": several}),
        st.builds(
            lambda a, low, span: {"contains": a, "minContains": low, "maxContains": low + span},
            inner, st.integers(0, 2), st.integers(0, 2),
        ),
        st.builds(lambda a, b: {"dependentRequired": {a: [b]}}, NAME, NAME),
        st.builds(lambda a, b: {"dependentSchemas": {a: b}}, NAME, inner),
        st.sampled_from(
            [{"uniqueItems": True}, {"unevaluatedProperties": False}, {"unevaluatedItems": False}]
        ),
        pair.map(lambda several: {"allOf": several}),
        st.just({"propertyNames": {"enum": ["a", "b"]}}),
    )  # fmt: skip
    base = st.one_of(
        inner,
        st.builds(lambda a, b: {"type": "array", "items": a, "maxItems": b}, inner, st.integers(1, 3)),
        st.builds(
            lambda a, b: {"type": "object", "patternProperties": {"^[ab]$": a}, "properties": {"c": b}},
            inner, inner,
        ),
        st.dictionaries(NAME, inner, min_size=1, max_size=3).map(
            lambda properties: {"type": "object", "properties": properties, "additionalProperties": False}
        ),
    )  # fmt: skip
    return st.builds(lambda a, b: a | b, base, keyword)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.recursive(LEAF, grown, max_leaves=6), st.integers(0, 99))
def test_whatever_is_drawn_is_valid_or_the_keyword_is_named(schema: Schema, seed: int) -> None:
    finding = found(Constraint("json_schema", json.dumps(schema)))
    if not finding.fault:
        valid_answers(schema, 4, seed)
