"""Every family's answers become the same events, however they are cut into tokens, and lose nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import pytest

from tests.chat.families import FAMILIES, TOOLS, Family
from workbench.answer import collected_calls
from workbench.chat.formats.answer_reader import AnswerReader
from workbench.chat.formats.recognition import recognised
from workbench.chat.formats.source import Delta
from workbench.events import ReasoningDelta, SampledToken, TextDelta, TokenLogprob, ToolCallDelta

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
CITY = {"city": "Rome", "days": 2}


def read(family: Family, pieces: Iterable[str], tools=TOOLS) -> list[Delta]:  # type: ignore[no-untyped-def]
    reader = AnswerReader(family.format, tools, "start")
    events = [event for piece in pieces for event in reader.feed(TextDelta(piece, 1))]
    return events + reader.finish()


def text(events: list[Delta]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reasoning(events: list[Delta]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def called(events: list[Delta]) -> list[tuple[str, object]]:
    calls = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    return [(call.name, json.loads(call.arguments)) for call in calls]


def words(answer: str) -> list[str]:
    return re.findall(r"\s*\S{1,5}|\s+", answer)


@each_family
def test_a_family_is_known_by_its_template(family: Family) -> None:
    assert family.format.name == family.name


@each_family
@pytest.mark.parametrize("cut", [lambda answer: [answer], list, words], ids=["whole", "letters", "words"])
def test_calls_and_thoughts_are_told_apart(family: Family, cut) -> None:  # type: ignore[no-untyped-def]
    events = read(family, cut(family.thought + family.calls))
    assert called(events) == [("weather", CITY), ("time", {})]
    assert reasoning(events) == ("Hm, let me see." if family.thought else "")
    assert text(events) == ""


@each_family
def test_every_call_has_its_own_id_and_says_its_name_first(family: Family) -> None:
    deltas = [event for event in read(family, list(family.calls)) if isinstance(event, ToolCallDelta)]
    first = {}
    for delta in deltas:
        first.setdefault(delta.index, delta)
        assert bool(delta.name) == (first[delta.index] is delta) == bool(delta.id)
    assert sorted(first) == [0, 1] and first[0].id != first[1].id


@each_family
def test_a_plain_answer_stays_as_it_is(family: Family) -> None:
    answer = "  Plain <b>text</b>, [x] and {braces}\n\nin two lines. \n"
    if family.name == "gpt-oss":
        answer = "Plain <b>text</b>, [x] and {braces}\n\nin two lines. \n"
    for pieces in ([answer], list(answer)):
        events = read(family, pieces)
        assert text(events) == answer and not called(events)


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES if family.name != "gpt-oss"], ids=lambda f: f.name
)
def test_without_tools_nothing_is_a_call(family: Family) -> None:
    events = read(family, list(family.calls), ())
    assert text(events) == family.calls


@each_family
def test_an_answer_that_is_cut_off_anywhere_never_raises_and_invents_nothing(family: Family) -> None:
    answer = family.thought + family.calls
    for end in range(len(answer)):
        events = read(family, list(answer[:end]))
        calls = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
        assert [call.name for call in calls] == ["weather", "time"][: len(calls)]
        written = text(events) + reasoning(events) + "".join(call.arguments for call in calls)
        assert len(written) <= len(answer) + 24


@each_family
def test_every_token_is_counted_once(family: Family) -> None:
    answer = family.thought + family.calls
    reader = AnswerReader(family.format, TOOLS, "start")
    probability = SampledToken(TokenLogprob(b"x", -1.0))
    events = [event for piece in answer for event in reader.feed(TextDelta(piece, 1, (probability,)))]
    events += reader.finish()
    assert reader.tokens == len(answer)
    assert sum(event.tokens for event in events) <= len(answer)
    assert sum(event.tokens for event in events) >= len(answer) - 60
    assert (reader.reasoning_tokens >= len("Hm, let me see.")) == bool(family.thought)


def test_text_before_calls_keeps_its_logprobs_and_loses_its_last_space() -> None:
    family = FAMILIES[0]
    reader = AnswerReader(family.format, TOOLS, "start")
    events = []
    for piece in (*"I look.\n", *family.calls):
        sampled = SampledToken(TokenLogprob(piece.encode(), -1.0))
        events += reader.feed(TextDelta(piece, 1, (sampled,)))
    said = [event for event in events + reader.finish() if isinstance(event, TextDelta)]
    assert "".join(event.text for event in said) == "I look."
    assert b"".join(token.chosen.token for event in said for token in event.logprobs) == b"I look."


@pytest.mark.parametrize(
    "answer",
    [
        "<tool_call>",
        "<tool_call>\n{}\n</tool_call>",
        '<tool_call>{"name": 7}</tool_call>',
        '<tool_call>{"arguments": {"a": 1}}</tool_call>',
        "<tool_call>not json</tool_call>",
        '<tool_call>{"name": "weather", ]</tool_call>',
        "<tool_call",
        "</tool_call></tool_call>",
        '<tool_call><tool_call>{"nam',
    ],
)
def test_what_is_no_call_is_text(answer: str) -> None:
    for pieces in ([answer], list(answer)):
        events = read(FAMILIES[0], pieces)
        assert text(events) == answer and not called(events)


def test_a_marker_inside_an_argument_is_part_of_it() -> None:
    arguments = {"city": 'a </tool_call> "quoted" \\ <think> } ]'}
    answer = f'<tool_call>{{"arguments": {json.dumps(arguments)}, "name": "weather"}}</tool_call>'
    assert called(read(FAMILIES[0], list(answer))) == [("weather", arguments)]


def test_arguments_stream() -> None:
    answer = '<tool_call>{"name": "weather", "arguments": {"city": "' + "x" * 500
    deltas = [event for event in read(FAMILIES[0], list(answer)) if isinstance(event, ToolCallDelta)]
    assert len(deltas) > 500
    coder = "<tool_call>\n<function=weather>\n<parameter=city>\n" + 'x"\n' * 100
    deltas = [event for event in read(FAMILIES[1], list(coder)) if isinstance(event, ToolCallDelta)]
    assert len(deltas) > 100


def test_a_json_answer_of_a_model_without_markers_is_no_call() -> None:
    llama = next(family for family in FAMILIES if family.name == "Llama 3")
    for answer in (
        '{"name": "Ada", "age": 7}',
        '{"a": [1, 2]}',
        '{"name": "unknown_tool", "parameters": {}}',
    ):
        events = read(llama, list(answer))
        assert text(events) == answer and not called(events)


def test_thinking_that_the_prompt_has_begun_is_thinking() -> None:
    answer_format = recognised("</think>")
    assert answer_format.place("user: hi\n<think>\n", continues=False) == "reasoning"
    assert answer_format.place("user: hi\n<think>\n\n</think>\n\n", continues=False) == "start"
    reader = AnswerReader(answer_format, (), "reasoning")
    events = [event for piece in "Hm.\n</think>\n\nYes." for event in reader.feed(TextDelta(piece, 1))]
    events += reader.finish()
    assert (reasoning(events), text(events)) == ("Hm.", "Yes.")


def test_numbers_and_texts_follow_the_schema() -> None:
    coder = (
        "<tool_call>\n<function=weather>\n<parameter=city>\n7\n</parameter>\n<parameter=days>\n7\n</parameter>\n"
        "<parameter=other>\ntrue\n</parameter>\n</function>\n</tool_call>"
    )
    assert called(read(FAMILIES[1], list(coder))) == [("weather", {"city": "7", "days": 7, "other": True})]
