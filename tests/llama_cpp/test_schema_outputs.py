"""Whatever schema is asked for, what the model answers is valid by another program's judgement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench_guide
from tests.contract.answers import run_all
from workbench.backend import TokenRequest
from workbench.constraint import Constraint
from workbench.engine_settings import EngineSettings
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine

Schema = dict[str, Any]
UNENDED = object()
FORMATS = ("date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
"""All that OpenAI's strict mode names."""


@pytest.fixture(scope="module")
def engine() -> Iterator[LlamaCppEngine]:
    opened = open_engine(
        str(workbench_guide.PATH), EngineSettings(context_length=2048, parallel=1), lambda share: True
    )
    yield opened
    opened.close()


def answer(engine: LlamaCppEngine, schema: Schema, seed: int) -> Any:
    """The value, drawn wildly; UNENDED where it did not end."""
    request = TokenRequest(
        id=1,
        prompt=tuple(engine.tokenize("Answer:")),
        max_tokens=300,
        sampling=SamplingSettings(temperature=2, top_k=0, top_p=1, min_p=0, seed=seed),
        constraint=Constraint("json_schema", json.dumps(schema)),
    )
    engine.enqueue(request)
    got = run_all(engine)[1]
    text = b"".join(token.piece for token in got.tokens).decode(errors="replace")
    assert got.ends, f"{schema} failed after {text!r}"
    if got.ends[0].reason == "length":
        return UNENDED
    assert "\n" not in text
    return json.loads(text)


def check(value: Any, schema: Schema) -> None:
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    validator.validate(value)


def whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def strict(properties: Schema) -> Schema:
    """An object as strict mode wants it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


NAMES = st.text('abc_- é"\\', min_size=1, max_size=5)
LEAVES: st.SearchStrategy[Schema] = st.one_of(
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["boolean", "null"]}]),
    st.builds(lambda low, span: whole(low, low + span), st.integers(-999, 999), st.integers(0, 5000)),
    st.builds(
        lambda low, span: {"type": "integer", "exclusiveMinimum": low, "exclusiveMaximum": low + 2 + span},
        st.integers(-50, 50),
        st.integers(0, 100),
    ),
    st.builds(
        lambda of: {"type": "integer", "multipleOf": of, "minimum": 0, "maximum": 900}, st.integers(1, 30)
    ),
    st.builds(
        lambda low, span: {"type": "string", "minLength": low, "maxLength": low + span},
        st.integers(0, 4),
        st.integers(0, 8),
    ),
    st.sampled_from([r"^[a-z]{2,5}$", r"^\d{3}-\d{2}$", r"^(GET|POST) /[a-z]{1,8}$", "b", "^x?y"]).map(
        lambda pattern: (
            {"type": "string", "pattern": pattern, "maxLength": 40}
            if pattern[0] != "^"
            else {"type": "string", "pattern": pattern}
        )
    ),
    st.sampled_from(FORMATS).map(lambda name: {"type": "string", "format": name}),
    st.lists(
        st.one_of(st.text('aé"\\\n', max_size=4), st.integers(-9, 9), st.none(), st.booleans()),
        min_size=1,
        max_size=4,
    ).map(lambda values: {"enum": values}),
    st.one_of(st.integers(-9, 9), NAMES, st.lists(st.integers(0, 3), max_size=3)).map(
        lambda value: {"const": value}
    ),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(strict),
        st.builds(
            lambda item, low, span: {"type": "array", "items": item, "minItems": low, "maxItems": low + span},
            inner, st.integers(0, 2), st.integers(0, 2),
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
    ),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SCHEMAS, st.integers(1, 99))
def test_answers_are_valid(engine: LlamaCppEngine, schema: Schema, seed: int) -> None:
    value = answer(engine, schema, seed)
    if value is not UNENDED:
        check(value, schema)


LINKED = strict({"value": whole(0, 9), "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}})
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": strict(
            {
                "label": {"$ref": "#/$defs/label"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 1},
            }
        ),
        "label": {"enum": ["leaf", "branch"]},
    },
}
UNION = {
    "oneOf": [
        strict({"kind": {"const": "circle"}, "radius": whole(1, 9)}),
        strict({"kind": {"const": "square"}, "side": whole(1, 9)}),
    ]
}
LOOSE = {
    "type": "object",
    "properties": {"a": whole(0, 9)},
    "required": ["a"],
    "additionalProperties": whole(10, 99),
    "maxProperties": 2,
}
JOINED = {"allOf": [strict({"a": whole(0, 9)}), {"properties": {"a": whole(5, 20)}}]}
TUPLE = {"type": "array", "prefixItems": [whole(0, 9), {"type": "boolean"}], "items": False, "minItems": 2}
PATTERNED = {
    "type": "object",
    "patternProperties": {"^n[0-9]$": whole(0, 9)},
    "additionalProperties": False,
    "maxProperties": 3,
}


@pytest.mark.slow
@pytest.mark.parametrize("schema", [LINKED, TREE, UNION, LOOSE, JOINED, TUPLE, PATTERNED])
def test_references_unions_and_what_goes_beyond_strict_mode(engine: LlamaCppEngine, schema: Schema) -> None:
    values = [answer(engine, schema, seed) for seed in range(5)]
    ended = [value for value in values if value is not UNENDED]
    assert ended
    for value in ended:
        check(value, schema)
