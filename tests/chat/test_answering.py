"""An answer leg by leg: what the engine is asked for, and what becomes of what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.chat.families import FAMILIES, TOOLS, Family
from workbench.answer import collected_calls
from workbench.backend import ModelFacts
from workbench.chat.answering import Answering
from workbench.chat.formats.answer_reader import AnswerReader
from workbench.chat.leg import Leg
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message, Tool
from workbench.errors import InvalidRequest, Unsupported
from workbench.events import Event, Finished, Prefill, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from workbench.generation import Generation, Thinking, ToolUse

PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
THINKS = PLAIN + "{# </think> #}"
HERMES = "{{ tools }}" + THINKS + "{# <tool_call> #}"
HARMONY = PLAIN + "{# <|start|>assistant<|channel|>analysis #}"
TALK = Conversation((Message("user", "hi"),))
SCHEMA = Constraint("json_schema", '{"type": "object"}')
CALL = '<tool_call>\n{"name": "time", "arguments": {}}\n</tool_call>'
Say = Callable[[Leg], str]


def facts(template: str, **changes: Any) -> ModelFacts:
    values: dict[str, Any] = {"capabilities": frozenset({"generate", "constrain"}), "chat_template": template}
    return ModelFacts(
        architecture="",
        context_length=99,
        trained_context=99,
        parallel=1,
        vocabulary_size=9,
        **values | changes,
    )


def events_of(leg: Leg, text: str) -> Iterator[Event]:
    """What an engine says that writes this text, a letter a token, as far as it may."""
    yield Prefill(len(leg.prompt), len(leg.prompt), 1)
    limit = len(text) if leg.max_tokens is None else leg.max_tokens
    for letter in text[:limit]:
        yield TextDelta(letter, 1)
    count = min(limit, len(text))
    yield Finished("length" if limit < len(text) else "stop", Usage(len(leg.prompt), 1, count))


def answer(model: ModelFacts, generation: Generation, say: Say) -> tuple[list[Leg], list[Event]]:
    """The legs that were asked for, and the events of the whole."""
    answering, legs, told = Answering(model, generation), list[Leg](), list[Event]()
    while not (told and isinstance(told[-1], Finished)):
        leg = answering.leg
        legs.append(leg)
        for event in events_of(leg, say(leg)):
            told += answering.take(event)
            if answering.leg is not leg or (told and isinstance(told[-1], Finished)):
                break
        assert len(legs) < 9
    return legs, told


def said(events: list[Event]) -> tuple[str, str]:
    """What was thought, and what was answered."""
    thought = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return thought, "".join(event.text for event in events if isinstance(event, TextDelta))


def end(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def test_a_form_holds_once_the_model_has_thought() -> None:
    def say(leg: Leg) -> str:
        return "{}" if leg.constraint else "<think>Hm.</think>\n\nNot this."

    legs, events = answer(facts(THINKS), Generation(prompt=TALK, constraint=SCHEMA), say)
    assert [leg.constraint for leg in legs] == [None, SCHEMA]
    assert legs[1].prompt == f"{legs[0].prompt}<think>Hm.</think>\n\n"
    assert said(events) == ("Hm.", "{}")
    usage = end(events).usage
    assert (usage.prompt_tokens, usage.cached_tokens) == (len(legs[0].prompt), 1)
    assert usage.completion_tokens == len("<think>Hm.</think>\n\n{}")
    assert usage.reasoning_tokens == len("<think>Hm.</think>")
    assert sum(isinstance(event, Prefill) for event in events) == 1


def test_a_form_holds_at_once_where_nothing_is_thought() -> None:
    for model, thinking in ((PLAIN, None), (THINKS + "<think></think>", None), (THINKS, False)):
        generation = Generation(prompt=TALK, constraint=SCHEMA, thinking=Thinking(enabled=thinking))
        legs, events = answer(facts(model), generation, lambda leg: "{}")
        assert [leg.constraint for leg in legs] == [SCHEMA] and said(events) == ("", "{}")


def test_a_model_that_answers_without_thinking_is_held_to_the_form_too() -> None:
    legs, events = answer(
        facts(THINKS),
        Generation(prompt=TALK, constraint=SCHEMA),
        lambda leg: "{}" if leg.constraint else " Sure: {}",
    )
    assert [leg.constraint for leg in legs] == [None, SCHEMA] and said(events) == ("", "{}")


def test_a_model_that_ends_while_it_thinks_still_answers_in_form() -> None:
    legs, events = answer(
        facts(THINKS + "<think>"),
        Generation(prompt=TALK, constraint=SCHEMA),
        lambda leg: "{}" if leg.constraint else "Hm",
    )
    assert said(events) == ("Hm", "{}") and str(legs[1].prompt).endswith("<think>Hm\n</think>\n\n")


@pytest.mark.parametrize("opened", ["", "<think>\n"])
def test_thinking_ends_when_its_budget_is_spent(opened: str) -> None:
    def say(leg: Leg) -> str:
        begin = "" if opened else "<think>"
        return "Done." if "</think>\n\n" in leg.prompt else begin + "x" * 500 + "</think>Late."

    generation = Generation(prompt=TALK, thinking=Thinking(budget=20))
    legs, events = answer(facts(THINKS + opened), generation, say)
    thought, text = said(events)
    assert text == "Done." and len(thought) in range(10, 22) and len(legs) == 2
    assert end(events).usage.reasoning_tokens in range(20, 22)


def test_thinking_that_is_switched_off_is_over_in_the_prompt() -> None:
    generation = Generation(prompt=TALK, thinking=Thinking(enabled=False))
    legs, events = answer(facts(THINKS + "<think>"), generation, lambda leg: "Yes.")
    assert str(legs[0].prompt).endswith("<think>\n</think>\n\n") and said(events) == ("", "Yes.")


def test_the_limit_counts_all_legs() -> None:
    generation = Generation(prompt=TALK, constraint=SCHEMA, max_tokens=24)
    legs, events = answer(
        facts(THINKS), generation, lambda leg: "[" * 99 if leg.constraint else "<think>Hm.</think>\n\nNo"
    )
    assert legs[1].max_tokens == 24 - len("<think>Hm.</think>\n\n")
    assert end(events).reason == "length" and end(events).usage.completion_tokens == 24


def test_a_call_that_is_required_is_forced_after_thinking() -> None:
    generation = Generation(
        prompt=Conversation(TALK.messages, TOOLS), tool_use=ToolUse(choice="required", name="time")
    )
    legs, events = answer(
        facts(HERMES), generation, lambda leg: CALL if leg.constraint else "<think>Hm.</think>\nNo tool."
    )
    assert legs[1].constraint is not None and "weather" not in legs[1].constraint.text
    [call] = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert (call.name, call.arguments, end(events).reason) == ("time", "{}", "tool_calls")
    assert said(events) == ("Hm.", "")


def test_a_call_that_the_model_begins_is_held_to_a_strict_schema() -> None:
    strict = Tool(name="time", strict=True)
    generation = Generation(prompt=Conversation(TALK.messages, (strict,)))

    def say(leg: Leg) -> str:
        return CALL.removeprefix("<tool_call>") if leg.constraint else "I look.\n<tool_call>\n{broken"

    legs, events = answer(facts(HERMES), generation, say)
    assert str(legs[1].prompt).endswith("I look.\n<tool_call>") and len(legs) == 2
    assert said(events) == ("", "I look.")
    assert [event.name for event in events if isinstance(event, ToolCallDelta) and event.name] == ["time"]


def test_one_call_is_one_call_where_no_more_are_wanted() -> None:
    use = ToolUse(parallel=False)
    generation = Generation(prompt=Conversation(TALK.messages, TOOLS), tool_use=use)

    def say(leg: Leg) -> str:
        return CALL.removeprefix("<tool_call>") if leg.constraint else f"{CALL}\n{CALL}"

    _, events = answer(facts(HERMES), generation, say)
    assert [event.name for event in events if isinstance(event, ToolCallDelta) and event.name] == ["time"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize(
    "parameters",
    [
        {"properties": []},
        {"properties": {"a": 7, "b": None, "c": []}},
        {"properties": {"a": {}}, "required": 7},
        {"properties": {"a": {"type": "string", "enum": 7}}},
        {"properties": {"a": {"type": ["string", 7], "anyOf": 7}}},
        {"properties": {"a": {"type": "array", "items": 7, "maxItems": "x"}}, "$defs": 7},
        {"properties": {"a": {"enum": [1, None, {"b": 1}]}, "b": {"const": "x"}}},
    ],
    ids=repr,
)
def test_a_schema_that_is_none_is_refused_or_taken_as_far_as_it_goes(
    family: Family, parameters: dict[str, Any]
) -> None:
    tools = (Tool(name="time", parameters=parameters),)
    use = ToolUse(choice="required")
    generation = Generation(prompt=Conversation(TALK.messages, tools), tool_use=use)
    with suppress(InvalidRequest):
        Answering(facts(PLAIN + "{#" + family.template + "#}"), generation)
    reader = AnswerReader(family.format, tools, "start")
    reader.feed(TextDelta(family.calls.replace("weather", "time").replace("city", "a"), 1))
    reader.finish()


def test_tools_and_a_form_leave_the_choice() -> None:
    generation = Generation(prompt=Conversation(TALK.messages, TOOLS), constraint=SCHEMA)
    legs, _ = answer(facts(HERMES.replace("</think>", "")), generation, lambda leg: "{}")
    assert legs[0].constraint is not None and legs[0].constraint.text.startswith("start: forced_calls | ")
    with pytest.raises(Unsupported, match="do not go together"):
        Answering(facts(HERMES), Generation(prompt=generation.prompt, constraint=Constraint("gbnf", "x")))


def test_an_engine_that_cannot_be_held_refuses_what_needs_it() -> None:
    unable = facts(HERMES, capabilities=frozenset({"generate"}))
    strict = Conversation(TALK.messages, (Tool(name="time", strict=True),))
    for generation in (
        Generation(prompt=Conversation(TALK.messages, TOOLS), tool_use=ToolUse(choice="required")),
        Generation(prompt=strict),
    ):
        with pytest.raises(Unsupported):
            Answering(unable, generation)
    Answering(unable, Generation(prompt=Conversation(TALK.messages, TOOLS)))


def test_channels_are_answered_in_form_on_the_last_one() -> None:
    def say(leg: Leg) -> str:
        return (
            "{}"
            if leg.constraint
            else "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>No"
        )

    legs, events = answer(facts(HARMONY), Generation(prompt=TALK, constraint=SCHEMA), say)
    assert str(legs[1].prompt).endswith("Hm.<|end|><|start|>assistant<|channel|>final<|message|>")
    assert said(events) == ("Hm.", "{}")


def test_an_answer_without_channels_is_held_to_the_form_too() -> None:
    generation = Generation(prompt=TALK, constraint=SCHEMA)
    legs, events = answer(facts(HARMONY), generation, lambda leg: "{}" if leg.constraint else "Sure: {}")
    assert [leg.constraint for leg in legs] == [None, SCHEMA] and said(events) == ("", "{}")


def test_control_tokens_that_mark_are_shown() -> None:
    model = facts(HERMES, own_tokens={"<tool_call>": 5, "<|other|>": 6, "</think>": 7})
    generation = Generation(prompt=Conversation(TALK.messages, TOOLS), tool_use=ToolUse(choice="required"))
    answering = Answering(model, generation)
    assert sorted(answering.leg.shown) == [5, 7]


def test_tools_that_a_template_does_not_know_are_described() -> None:
    conversation = Conversation((Message("system", "Be brief."), *TALK.messages), TOOLS)
    prompt = Answering(facts(PLAIN), Generation(prompt=conversation)).leg.prompt
    assert isinstance(prompt, str) and prompt.startswith("system: Be brief.\n\nYou can call functions.")
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + PLAIN
    prompt = Answering(facts(refuses), Generation(prompt=conversation)).leg.prompt
    assert isinstance(prompt, str) and prompt.startswith("user: Be brief.\n\nYou can call functions.")
    none = Generation(prompt=conversation, tool_use=ToolUse(choice="none"))
    assert "functions" not in str(Answering(facts(PLAIN), none).leg.prompt)


def test_a_template_that_needs_descriptions_gets_them() -> None:
    template = "{% for tool in tools %}{{ tool.function.description + '!' }}{% endfor %}<tool_call>"
    tools = (Tool(name="time"), Tool(name="weather", description="Tells it."))
    generation = Generation(prompt=Conversation(TALK.messages, tools))
    assert Answering(facts(template), generation).leg.prompt == "time!Tells it.!<tool_call>"


def test_a_raw_prompt_is_passed_through() -> None:
    legs, events = answer(
        facts(THINKS), Generation(prompt="raw", constraint=SCHEMA), lambda leg: "<think>x</think>"
    )
    assert legs == [Leg(prompt="raw", constraint=SCHEMA)] and said(events) == ("", "<think>x</think>")
