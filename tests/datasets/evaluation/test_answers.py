"""Answers are held against those of the rows: words, JSON, schemas and calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workbench.conversation import Message, ToolCall
from workbench.datasets.evaluation.answers import Answered, compared, question_of, schema_of
from workbench.datasets.evaluation.shares import Share, share
from workbench.datasets.row import Origin, Row

CALL = ToolCall("1", "weather", '{"city": "Rome", "days": 2}')
SCHEMA = {"type": "object", "required": ["a"]}


def beside(
    text: str,
    expected: str,
    *calls: ToolCall,
    wanted: tuple[ToolCall, ...] = (),
    schema: dict[str, Any] | None = None,
) -> Answered:
    return compared(text, calls, True, Message("assistant", expected, tool_calls=wanted), schema)


def test_words_count_and_their_spelling_apart() -> None:
    assert beside("Yes. ", "Yes.").exact
    near = beside("yes!", "Yes.")
    assert not near.exact and near.same_words and near.length_ratio == 1
    assert not beside("no", "yes").same_words
    assert beside("a", "").length_ratio is None


@pytest.mark.parametrize(
    ("text", "valid", "fits"), [('{"a": 1}', True, True), ('{"b": 1}', True, False), ("a: 1", False, False)]
)
def test_json_where_json_is_expected(text: str, valid: bool, fits: bool) -> None:
    found = beside(text, '{"a": 2}', schema=SCHEMA)
    assert (found.json_valid, found.schema) == (valid, fits)
    assert beside(text, '{"a": 2}').json_valid is valid and beside(text, "words").json_valid is None


@pytest.mark.parametrize(
    ("text", "expected", "right"),
    [
        ("paris!", "Paris.", True),
        ('"Paris"', "Paris", True),
        ("a - b", "a + b", False),
        ("-5", "5", False),
        ("3.14", "3,14", False),
        ("🙁", "🙂", False),
        ("", "Paris", False),
        ('{"b": [1, true], "a": "x"}', '{"a":"x","b":[1,true]}', True),
        ('{"b": [1, 1], "a": "x"}', '{"a":"x","b":[1,true]}', False),
        ('{"a": "x", "a": "x"}', '{"a":"x"}', False),
        ("a x b 1 true", '{"a":"x","b":[1,true]}', False),
    ],
)
def test_right_is_what_says_the_same_thing(text: str, expected: str, right: bool) -> None:
    found = beside(text, expected)
    assert found.right is right
    assert found.same_json is (right if expected.startswith("{") else None)
    assert not beside(text, expected, CALL).right


def test_a_row_names_its_schema_in_one_of_three_ways() -> None:
    for meta in (
        {"schema": SCHEMA},
        {"json_schema": SCHEMA},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
    ):
        assert schema_of(Row(origin=Origin("f", 1), text="t", meta=meta)) == SCHEMA
    for other in ({}, {"schema": "text"}, {"schema": 3}):
        assert schema_of(Row(origin=Origin("f", 1), text="t", meta=other)) is None


def test_calls_are_the_same_whatever_their_spelling_and_order() -> None:
    spelled = replace(CALL, id="x", arguments='{"days":2,"city":"Rome"}')
    other = replace(CALL, name="time", arguments="")
    assert beside("", "", spelled, other, wanted=(other, CALL)).calls
    assert beside("", "", wanted=(CALL,)).calls is False
    assert beside("", "", replace(CALL, arguments="{broken"), wanted=(CALL,)).calls is False
    unasked = beside("Hi", "Hi", CALL)
    assert unasked.calls is False and not unasked.exact
    assert beside("Hi", "Hi").calls is None


def test_shares_have_wilsons_bounds() -> None:
    assert share([None, None]) is None
    half = share([True, False, None] * 5)
    assert half == Share(5, 10)
    assert half.bounds == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert Share(10, 10).bounds == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_the_question_is_all_that_comes_before_the_last_answer() -> None:
    said = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"), Message("assistant", "d"))
    found = question_of(Row(origin=Origin("f", 1), messages=said))
    assert found is not None and (found[0].messages, found[1]) == (said[:3], said[3])
    assert question_of(Row(origin=Origin("f", 1), messages=said[1:2])) is None
    assert question_of(Row(origin=Origin("f", 1), text="t")) is None
