"""OpenAI's Responses API as the official client sees it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.server.loopback import client_of
from tests.server.recital import Recital
from tests.server.speaker import THOUGHT_AND_CALLS, Speaker
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.events import Finished, TextDelta, Usage
from workbench.generation import Thinking, ToolUse

SAYING = "one small step for a model"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


async def test_a_whole_response_has_every_member_the_client_knows() -> None:
    async with client_of(Recital()) as client:
        response = await client.responses.create(
            model="guide", input=SAYING, instructions="Be brief.", metadata={"a": "b"}, user="anna"
        )
    assert response.id.startswith("resp_") and response.object == "response"
    assert (response.status, response.error, response.incomplete_details) == ("completed", None, None)
    assert response.created_at > 1_700_000_000 and response.completed_at
    [item] = response.output
    assert item.type == "message" and (item.role, item.status) == ("assistant", "completed")
    assert item.id.startswith("msg_") and item.content[0].type == "output_text"
    assert item.content[0].annotations == [] and response.output_text == SAYING
    usage = response.usage
    assert usage and (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (8, 6, 14)
    assert usage.input_tokens_details.cached_tokens == 4
    assert usage.output_tokens_details.reasoning_tokens == 0
    assert (response.model, response.instructions, response.metadata) == ("guide", "Be brief.", {"a": "b"})
    assert (response.parallel_tool_calls, response.tool_choice, response.tools) == (True, "auto", [])
    assert (response.temperature, response.top_p, response.truncation) == (1, 1, "disabled")
    assert response.text and response.text.format and response.text.format.type == "text"
    assert response.reasoning and response.reasoning.effort is None and response.user == "anna"


async def test_a_stream_tells_of_each_item_and_part_from_beginning_to_end() -> None:
    async with client_of(Recital()) as client:
        stream = await client.responses.create(model="guide", input="one two", stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    created, added, part, delta, done = (events[at] for at in (0, 2, 3, 4, 6))
    assert created.type == "response.created" and created.response.status == "in_progress"
    assert created.response.output == [] and created.response.usage is None
    assert added.type == "response.output_item.added" and added.item.type == "message"
    assert added.item.content == [] and added.item.status == "in_progress"
    assert part.type == "response.content_part.added" and part.part.type == "output_text"
    assert part.part.text == ""
    assert delta.type == "response.output_text.delta" and (delta.delta, delta.logprobs) == ("one", [])
    assert (delta.item_id, delta.output_index, delta.content_index) == (added.item.id, 0, 0)
    assert done.type == "response.output_text.done" and done.text == "one two"
    last = events[-1]
    assert last.type == "response.completed" and last.response.output_text == "one two"
    assert last.response.id == created.response.id and last.response.usage


async def test_reasoning_text_and_calls_are_items_of_their_own() -> None:
    request: Any = {"model": "guide", "input": "How warm is it?", "tools": [WEATHER]}
    async with client_of(Speaker(*THOUGHT_AND_CALLS)) as client:
        whole = await client.responses.create(**request)
        async with client.responses.stream(**request) as stream:
            names = [event.type async for event in stream]
            streamed = await stream.get_final_response()
    for response in (whole, streamed):
        thought, said, first, second = response.output
        assert thought.type == "reasoning" and thought.summary == [] and thought.content
        assert thought.content[0].text == "It is about weather."
        assert said.type == "message" and response.output_text == "Let me look."
        assert first.type == "function_call" and second.type == "function_call"
        assert (first.call_id, first.name, first.arguments) == ("call_1", "weather", '{"city":"Oslo"}')
        assert (second.call_id, second.name, second.arguments) == ("call_2", "clock", "")
        assert {item.status for item in (said, first, second)} == {"completed"}
        assert response.usage and response.usage.output_tokens_details.reasoning_tokens == 4
    tool = whole.tools[0]
    assert tool.type == "function" and (tool.name, tool.strict) == ("weather", True)
    assert names[2:9] == [
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]
    assert names[-7:-2] == [
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.done",
    ]


async def test_an_answer_that_was_cut_is_incomplete() -> None:
    async with client_of(Recital()) as client:
        whole = await client.responses.create(model="guide", input=SAYING, max_output_tokens=2)
        stream = await client.responses.create(model="guide", input=SAYING, max_output_tokens=2, stream=True)
        events = [event async for event in stream]
    last = events[-1]
    assert last.type == "response.incomplete"
    for response in (whole, last.response):
        assert response.status == "incomplete" and response.output_text == "one small"
        assert response.incomplete_details and response.incomplete_details.reason == "max_output_tokens"
        assert response.output[0].status == "incomplete"  # type: ignore[union-attr]


async def test_items_become_a_conversation() -> None:
    model = Recital()
    items: Any = [
        {"role": "developer", "content": "Speak plainly."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How warm?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Oslo"}'},
        {"type": "function_call", "call_id": "c2", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "4"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "unknown"}],
        },
        {"role": "user", "content": "And tomorrow?"},
    ]
    async with client_of(model) as client:
        await client.responses.create(
            model="guide",
            input=items,
            instructions="Be brief.",
            tools=[WEATHER, WEATHER | {"name": "clock", "strict": False}],
            tool_choice={"type": "allowed_tools", "mode": "required", "tools": [WEATHER]},
            parallel_tool_calls=False,
            reasoning={"effort": "low"},
            temperature=0.5,
            max_output_tokens=40,
        )
        await client.responses.create(
            model="guide", input="a", tools=[WEATHER], tool_choice={"type": "function", "name": "weather"}
        )
    first, second = model.received
    calls = (ToolCall("c1", "weather", '{"city":"Oslo"}'), ToolCall("c2", "weather", "{}"))
    assert first.prompt == Conversation(
        (
            Message("system", "Be brief.\nSpeak plainly."),
            Message("user", "How warm?"),
            Message("assistant", "I look.", "Hm.", calls),
            Message("tool", "4", tool_call_id="c1", name="weather"),
            Message("tool", "unknown", tool_call_id="c2", name="weather"),
            Message("user", "And tomorrow?"),
        ),
        (Tool(name="weather", parameters=WEATHER["parameters"], strict=True),),
    )
    assert first.tool_use == ToolUse(choice="required", parallel=False)
    assert first.thinking == Thinking(effort="low") and first.max_tokens == 40
    assert first.sampling.temperature == 0.5 and first.logprobs is None
    assert second.tool_use == ToolUse(choice="required", name="weather", parallel=False)
    assert second.thinking == Thinking() and second.constraint is None and second.max_tokens is None


class City(BaseModel):
    """What a client may want an answer to be."""

    name: str


async def test_a_schema_holds_the_answer_and_parses() -> None:
    model = Speaker(TextDelta('{"name": "Oslo"}', 5), Finished("stop", Usage(3, 0, 5)))
    async with client_of(model) as client:
        response = await client.responses.parse(model="guide", input="Which city?", text_format=City)
        await client.responses.create(
            model="guide", input="a", text={"format": {"type": "json_object"}}, reasoning={"effort": "none"}
        )
    assert response.output_parsed == City(name="Oslo")
    first, second = model.received
    assert first.constraint and first.constraint.kind == "json_schema" and '"name"' in first.constraint.text
    assert second.constraint == Constraint("json_schema", '{"type":"object"}')
    assert second.thinking == Thinking(enabled=False)


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs_come_where_they_are_included(stream: bool) -> None:
    request: Any = {
        "model": "guide",
        "input": "café noir",
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
    }
    async with client_of(Recital()) as client:
        if stream:
            events = [e async for e in await client.responses.create(**request, stream=True)]
            deltas = [e for e in events if e.type == "response.output_text.delta"]
            logprobs: Any = [token for delta in deltas for token in delta.logprobs]
        else:
            response = await client.responses.create(**request)
            logprobs = response.output[0].content[0].logprobs  # type: ignore[union-attr]
    assert [(token.token, token.logprob) for token in logprobs] == [("café", -0.5), (" noir", -0.5)]
    assert [top.token for top in logprobs[0].top_logprobs] == ["café", "perhaps"]


@pytest.mark.parametrize("stream", [False, True])
async def test_the_oldest_turns_are_left_out_where_that_is_allowed(stream: bool) -> None:
    model = Recital()
    items: Any = [{"role": "user", "content": "word " * 400} for _ in range(3)]
    items.append({"role": "user", "content": "the last"})
    request: Any = {"model": "guide", "input": items, "truncation": "auto"}
    async with client_of(model) as client:
        raw: Any = await client.responses.with_raw_response.create(**request, stream=stream)
        if stream:
            [done] = [event async for event in raw.parse() if event.type == "response.completed"]
            response = done.response
        else:
            response = raw.parse()
    assert response.truncation == "auto" and response.output_text == "the last"
    left_out = response.model_extra["context"]
    assert left_out["policy"] == "truncate" and left_out["dropped_messages"] == 3
    assert raw.headers["x-context-dropped-messages"] == "3"
    [generation] = model.received
    assert generation.prompt == Conversation((Message("user", "the last"),))


async def test_input_is_counted_without_an_answer() -> None:
    model = Recital()
    async with client_of(model) as client:
        counted = await client.responses.input_tokens.count(model="guide", input="abc")
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 3)
    assert model.received == []
