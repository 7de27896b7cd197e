"""Anthropic's Messages API as its official client sees it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

import workbench_guide
from tests.server.anthropic_client import WEATHER, asking, client_of
from tests.server.loopback import serving
from tests.server.recital import Recital
from tests.server.speaker import THOUGHT_AND_CALLS, Speaker
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.engine_settings import EngineSettings
from workbench.events import Finished, Prefill, TextDelta, ToolCallDelta, Usage
from workbench.generation import Thinking, ToolUse
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

SAYING = "one small step for a model"


async def test_a_whole_message_has_every_member_the_client_knows() -> None:
    async with client_of(Recital()) as client:
        message = await client.messages.create(**asking(SAYING))
    assert message.id.startswith("msg_") and (message.type, message.role) == ("message", "assistant")
    assert message.model == "guide"
    [block] = message.content
    assert block.type == "text" and block.text == SAYING
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (3, 3, 6)
    assert usage.cache_creation_input_tokens == 0


async def test_a_stream_tells_of_its_blocks_from_start_to_stop() -> None:
    async with client_of(Recital()) as client:
        stream = await client.messages.create(**asking("one two"), stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    start, end = events[0], events[-2]
    assert start.type == "message_start" and end.type == "message_delta"
    assert start.message.content == [] and start.message.stop_reason is None
    assert start.message.usage.input_tokens == 2
    assert end.delta.stop_reason == "end_turn" and end.usage.output_tokens == 2


async def test_thinking_text_and_calls_come_as_blocks_of_their_own() -> None:
    async with (
        client_of(Speaker(*THOUGHT_AND_CALLS)) as client,
        client.messages.stream(**asking("How warm is it?", tools=[WEATHER])) as stream,
    ):
        names = [event.type async for event in stream]
        streamed = await stream.get_final_message()
    async with client_of(Speaker(*THOUGHT_AND_CALLS)) as client:
        whole = await client.messages.create(**asking("How warm is it?", tools=[WEATHER]))
    for message in (streamed, whole):
        thought, said, first, second = message.content
        assert thought.type == "thinking" and thought.thinking == "It is about weather."
        assert said.type == "text" and said.text == "Let me look."
        assert first.type == "tool_use" and second.type == "tool_use"
        assert (first.id, first.name, first.input) == ("call_1", "weather", {"city": "Oslo"})
        assert (second.id, second.name, second.input) == ("call_2", "clock", {})
        assert message.stop_reason == "tool_use"
        assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (16, 4)
        assert message.usage.output_tokens == 12
    assert names.count("content_block_start") == names.count("content_block_stop") == 4
    assert "thinking" in names and "input_json" in names


async def test_arguments_that_are_no_object_are_not_lost() -> None:
    broken = Speaker(ToolCallDelta(0, '{"city": ', id="c", name="weather"), Finished("length"))
    async with client_of(broken) as client:
        message = await client.messages.create(**asking("a", tools=[WEATHER]))
    [call] = message.content
    assert call.type == "tool_use" and call.input == {"INVALID_JSON": '{"city": '}
    assert message.stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("fields", "text", "reason", "sequence"),
    [
        ({"stop_sequences": ["model", " for"]}, "one small step", "stop_sequence", " for"),
        ({"max_tokens": 2}, "one small", "max_tokens", None),
    ],
)
async def test_an_answer_says_what_ended_it(
    fields: dict[str, Any], text: str, reason: str, sequence: str | None
) -> None:
    async with client_of(Recital()) as client:
        message = await client.messages.create(**(asking(SAYING) | fields))
        async with client.messages.stream(**(asking(SAYING) | fields)) as stream:
            streamed = await stream.get_final_message()
    for answer in (message, streamed):
        assert answer.content[0].type == "text" and answer.content[0].text == text
        assert (answer.stop_reason, answer.stop_sequence) == (reason, sequence)


async def test_turns_become_a_conversation() -> None:
    model = Recital()
    turns: Any = [
        {"role": "user", "content": "How warm is it?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": ""},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "4"}]},
                {"type": "text", "text": "And"},
            ],
        },
        {"role": "user", "content": "tomorrow?"},
        {"role": "system", "content": "Hurry."},
        {"role": "assistant", "content": "It"},
    ]
    async with client_of(model) as client:
        await client.messages.create(
            model="guide",
            max_tokens=50,
            messages=turns,
            system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            tools=[WEATHER],  # type: ignore[list-item]
            tool_choice={"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
            thinking={"type": "enabled", "budget_tokens": 20},
            extra_body={"temperature": 0.5, "top_k": 7},
        )
    [generation] = model.received
    call = ToolCall("t1", "weather", '{"city":"Oslo"}')
    assert generation.prompt == Conversation(
        (
            Message("system", "Be brief."),
            Message("user", "How warm is it?"),
            Message("assistant", "I look.", "Hm.", (call,)),
            Message("tool", "4", tool_call_id="t1", name="weather"),
            Message("user", "And\ntomorrow?"),
            Message("system", "Hurry."),
            Message("assistant", "It"),
        ),
        (Tool(name="weather", description="The weather in a city.", parameters=WEATHER["input_schema"]),),  # type: ignore[arg-type]
    )
    assert generation.continues and generation.max_tokens == 50
    assert generation.tool_use == ToolUse(choice="required", name="weather", parallel=False)
    assert generation.thinking == Thinking(enabled=True, budget=20)
    assert (generation.sampling.temperature, generation.sampling.top_k) == (0.5, 7)


async def test_thoughts_may_be_left_out_of_the_answer_and_nothing_is_left_out_of_the_conversation() -> None:
    model = Speaker(*THOUGHT_AND_CALLS)
    keep_all = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    async with client_of(model) as client:
        message = await client.messages.create(
            **asking("a", thinking={"type": "adaptive", "display": "omitted"}),
            extra_body={"context_management": keep_all},
        )
    thought, said, *_ = message.content
    assert thought.type == "thinking" and thought.thinking == ""
    assert said.type == "text" and said.text == "Let me look."
    assert message.usage.output_tokens_details and message.usage.output_tokens_details.thinking_tokens == 4


async def test_what_is_not_asked_for_is_off_and_a_schema_holds_the_answer() -> None:
    model = Recital()
    schema = {"type": "object"}
    async with client_of(model) as client:
        await client.messages.create(
            **asking("a", output_config={"format": {"type": "json_schema", "schema": schema}})
        )
    [generation] = model.received
    assert generation.thinking == Thinking(enabled=False) and not generation.continues
    assert generation.tool_use == ToolUse() and generation.sampling.temperature == 1
    assert generation.constraint == Constraint("json_schema", '{"type":"object"}')


async def test_a_quiet_stream_is_kept_alive_by_pings() -> None:
    model = Recital(hold_at=1)
    app = create_app(ModelPool({"guide": model}), keep_alive_seconds=0.01)
    async with (
        serving(app) as url,
        httpx2.AsyncClient(base_url=url) as client,
        client.stream("POST", "/v1/messages", json=asking("one two", stream=True)) as answer,
    ):
        async for line in answer.aiter_lines():
            if line == 'data: {"type":"ping"}':
                model.released.set()
    assert model.cancelled == 0


async def test_tokens_are_counted_as_the_model_reads_them() -> None:
    model = await open_model(str(workbench_guide.PATH), EngineSettings(context_length=512))
    try:
        async with client_of(model) as client:
            question: Any = asking("What is Q4_K_M?", system="Be brief.")
            counted = await client.messages.count_tokens(
                **{name: question[name] for name in ("model", "messages", "system")}
            )
            message = await client.messages.create(**question, extra_body={"temperature": 0})
    finally:
        await model.close()
    usage = message.usage
    assert counted.input_tokens == usage.input_tokens + (usage.cache_read_input_tokens or 0) > 10
    assert message.content[0].type == "text" and message.content[0].text


async def test_usage_counts_what_was_cached_apart() -> None:
    model = Speaker(Prefill(0, 9, 5), TextDelta("a", 1), Finished("stop", Usage(9, 5, 1)))
    async with client_of(model) as client:
        stream = await client.messages.create(**asking("a"), stream=True)
        [start] = [event async for event in stream if event.type == "message_start"]
    assert (start.message.usage.input_tokens, start.message.usage.cache_read_input_tokens) == (4, 5)


async def test_models_are_listed_as_anthropic_lists_them() -> None:
    async with client_of(Recital()) as client:
        [listed] = [model async for model in client.models.list()]
        shown = await client.models.retrieve("guide")
    assert (listed.id, listed.display_name, listed.type) == ("guide", "guide", "model")
    assert shown.created_at == listed.created_at and listed.created_at.year > 2020
