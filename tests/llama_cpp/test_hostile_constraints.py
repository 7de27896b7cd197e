"""Constraints made to hurt: each is refused in one sentence or kept to, and the engine lives on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import workbench_guide
from tests.contract.answers import run_all
from workbench.backend import RequestFailed, TokenRequest
from workbench.constraint import Constraint
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidConstraint
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine


def schema(**fields: object) -> Constraint:
    return Constraint("json_schema", json.dumps(fields))


def chain(length: int) -> Constraint:
    """Definitions of which each refers to the next."""
    links = {f"a{at}": {"anyOf": [{"$ref": f"#/$defs/a{at + 1}"}, {"type": "null"}]} for at in range(length)}
    return schema(**{"$defs": links | {f"a{length}": {"type": "null"}}, "$ref": "#/$defs/a0"})


def lark_chain(length: int, name: str) -> Constraint:
    rules = "\n".join(f'{name}{at}: {name}{at + 1} "x" | "y"' for at in range(length))
    return Constraint("lark", f'start: {name}0\n{rules}\n{name}{length}: "z"')


TOO_MUCH = {
    "ten megabytes": schema(enum=["x" * 10_000_000]),
    "definitions that refer to each other": chain(3000),
    "rules that refer to each other": lark_chain(8000, "r"),
    "terminals that refer to each other": lark_chain(8000, "R"),
    "a large divisor": schema(type="integer", multipleOf=999_983),
    "repetitions in repetitions": schema(type="string", pattern="^(a{1000}){1000}$"),
    "repetitions in repetitions of a grammar": Constraint("lark", 'start: (("a"{1000}){1000}){1000}'),
    "nesting of JSON": Constraint("json_schema", '{"items":' * 20_000 + "{}" + "}" * 20_000),
    "nesting of parentheses": Constraint("regex", "(" * 100_000 + "a" + ")" * 100_000),
    "nesting of GBNF": Constraint("gbnf", "root ::= " + "(" * 5000 + '"a"' + ")" * 5000),
    "itself": schema(**{"$ref": "#"}),
    "products of alternatives": schema(
        allOf=[{"anyOf": [{"properties": {f"{i}{j}": {}}} for j in range(6)]} for i in range(8)]
    ),
    "doubling": schema(
        **{"$defs": {f"a{at}": {"items": {"$ref": f"#/$defs/a{at + 1}"}} for at in range(30)} | {"a30": {}}},
        allOf=[{"$ref": "#/$defs/a0"}, {"$ref": "#/$defs/a0"}],
        type="array",
    ),
}
MUCH = {
    "a thousand words": schema(enum=[f"number {at}" for at in range(1000)]),
    "five thousand properties": schema(
        type="object",
        properties={f"p{at}": {"type": "null"} for at in range(5000)},
        required=[f"p{at}" for at in range(5000)],
        additionalProperties=False,
    ),
    "a hundred that may be left out": schema(
        type="object", properties={f"p{at}": {"type": "null"} for at in range(100)}
    ),
    "long strings": schema(type="string", minLength=1_000_000),
    "many items": schema(type="array", items={"type": "array", "minItems": 10_000}, minItems=10_000),
    "an ambiguous grammar": Constraint("lark", 'start: a a a a\na: a a | "x"* | ""'),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[LlamaCppEngine]:
    opened = open_engine(
        str(workbench_guide.PATH), EngineSettings(context_length=512, parallel=2), lambda share: True
    )
    yield opened
    opened.close()


def request(engine: LlamaCppEngine, constraint: Constraint | None) -> TokenRequest:
    return TokenRequest(id=1, prompt=tuple(engine.tokenize("Go on.")), max_tokens=40, constraint=constraint)


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused(engine: LlamaCppEngine, name: str) -> None:
    with pytest.raises(InvalidConstraint) as caught:
        engine.prepare(request(engine, TOO_MUCH[name]))
    assert caught.value.remedy and len(str(caught.value)) < 500
    engine.enqueue(request(engine, Constraint("regex", "[a-z]+")))
    assert run_all(engine)[1].tokens


@pytest.mark.parametrize("name", MUCH)
def test_much_is_kept_to(engine: LlamaCppEngine, name: str) -> None:
    engine.enqueue(request(engine, MUCH[name]))
    assert run_all(engine)[1].ends


def test_what_grows_too_complex_fails_alone(engine: LlamaCppEngine) -> None:
    """The mask of such a pattern is small at first."""
    growing = Constraint("regex", "[ab]{10}((a{100}){100}){100}")
    engine.enqueue(request(engine, growing))
    free = TokenRequest(id=2, prompt=request(engine, None).prompt, max_tokens=40, ignore_end=True)
    engine.enqueue(free)
    events = []
    while engine.busy:
        events += engine.step()
    failures = [event for event in events if isinstance(event, RequestFailed)]
    assert [failure.request_id for failure in failures] == [1]
    assert isinstance(failures[0].error, InvalidConstraint)
    assert sum(event.request_id == 2 for event in events) == 42


@pytest.mark.parametrize(
    ("constraint", "place"),
    [
        (schema(properties={"a": {"items": {"not": {"format": "date"}}}}), "properties.a.items.not.format"),
        (schema(anyOf=[{"type": "null"}, {"type": "strange"}]), "anyOf.1.type"),
        (schema(properties={"a": {"pattern": "a"}, "b": {"pattern": "(?=a)"}}), "properties.b.pattern"),
        (schema(properties={"a": {"format": "date"}, "b": {"format": "zip"}}), "properties.b.format"),
        (schema(items={"$ref": "#/$defs/none"}), "items.$ref"),
        (schema(properties={"a": {"multipleOf": 999999999991}}), "properties.a.multipleOf"),
        (schema(properties={"a": {"uniqueItems": True}}), "properties.a.uniqueItems"),
        (schema(**{"x-guidance": {"lenient": True}, "uniqueItems": True}), "uniqueItems"),
        (Constraint("lark", "start: a\na: nowhere"), "2(4)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_place_of_the_fault_is_named(engine: LlamaCppEngine, constraint: Constraint, place: str) -> None:
    with pytest.raises(InvalidConstraint) as caught:
        engine.prepare(request(engine, constraint))
    assert f" at {place}: " in caught.value.message or f": at {place}: " in caught.value.message
