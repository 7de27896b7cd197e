"""Tools, calls and reasoning on the wire, as the official client sends and reads them."""

from __future__ import annotations

import json
from typing import Any

from tests.server.loopback import chat, client_of
from tests.server.speaker import Speaker
from workbench.conversation import Message, Tool, ToolCall
from workbench.events import Finished, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from workbench.generation import Thinking, ToolUse

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA, "strict": True}
TIME = {"name": "time", "parameters": {"type": "object", "properties": {}}}
TOOLS: list[Any] = [{"type": "function", "function": function} for function in (WEATHER, TIME)]
CALLS = (
    ReasoningDelta("Let me ", 2),
    ReasoningDelta("see.", 1),
    ToolCallDelta(0, "", "call_a", "weather", 3),
    ToolCallDelta(0, '{"city": '),
    ToolCallDelta(0, '"Rome"}'),
    ToolCallDelta(1, "{}", "call_b", "time"),
    Finished("tool_calls", Usage(9, 4, 12, 3)),
)


async def test_calls_and_reasoning_come_whole() -> None:
    async with client_of(Speaker(*CALLS)) as client:
        answer = await client.chat.completions.create(**chat("hi"), tools=TOOLS)
    choice, usage = answer.choices[0], answer.usage
    calls = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    assert calls is not None and usage is not None and usage.completion_tokens_details is not None
    assert [(call.id, call.type) for call in calls] == [("call_a", "function"), ("call_b", "function")]
    assert [(call.function.name, call.function.arguments) for call in calls] == [  # type: ignore[union-attr]
        ("weather", '{"city": "Rome"}'),
        ("time", "{}"),
    ]
    assert choice.message.reasoning_content == "Let me see."  # type: ignore[attr-defined]
    assert usage.completion_tokens_details.reasoning_tokens == 3
    assert usage.prompt_tokens_details is not None and usage.prompt_tokens_details.cached_tokens == 4


async def test_a_streamed_call_tells_id_and_name_once_and_first() -> None:
    async with client_of(Speaker(*CALLS)) as client:
        stream = await client.chat.completions.create(**chat("hi"), tools=TOOLS, stream=True)
        choices = [chunk.choices[0] async for chunk in stream]
    assert choices[0].delta.role == "assistant"
    assert not any(choice.delta.role for choice in choices[1:])
    assert not any(choice.delta.content for choice in choices)
    pieces = [piece for choice in choices for piece in choice.delta.tool_calls or ()]
    assert [piece.model_dump(exclude_unset=True) for piece in pieces] == [
        {
            "index": 0,
            "id": "call_a",
            "type": "function",
            "function": {"name": "weather", "arguments": ""},
        },
        {"index": 0, "function": {"arguments": '{"city": '}},
        {"index": 0, "function": {"arguments": '"Rome"}'}},
        {"index": 1, "id": "call_b", "type": "function", "function": {"name": "time", "arguments": "{}"}},
    ]
    thoughts = [getattr(choice.delta, "reasoning_content", None) for choice in choices]
    assert [thought for thought in thoughts if thought] == ["Let me ", "see."]
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["tool_calls"]


async def test_the_clients_own_accumulation_finds_the_calls() -> None:
    async with client_of(Speaker(*CALLS)) as client:
        manager = client.chat.completions.stream(**chat("hi"), tools=TOOLS)
        async with manager as stream:
            calls = (await stream.get_final_completion()).choices[0].message.tool_calls
    assert calls is not None and [call.function.parsed_arguments for call in calls[:1]] == [{"city": "Rome"}]


async def test_text_beside_calls_is_kept() -> None:
    events = (TextDelta("I look.", 2), ToolCallDelta(0, "{}", "c", "time"), Finished("tool_calls"))
    async with client_of(Speaker(*events)) as client:
        answer = await client.chat.completions.create(**chat("hi"), tools=TOOLS)
    message = answer.choices[0].message
    assert message.content == "I look." and message.tool_calls


async def test_the_older_form_is_answered_in_the_older_form() -> None:
    events = (ToolCallDelta(0, '{"city": "Rome"}', "call_a", "weather"), Finished("tool_calls"))
    model = Speaker(*events)
    functions: list[Any] = [WEATHER]
    async with client_of(model) as client:
        answer = await client.chat.completions.create(**chat("hi"), functions=functions)
        named = await client.chat.completions.create(
            **chat("hi"), functions=functions, function_call={"name": "weather"}
        )
        stream = await client.chat.completions.create(**chat("hi"), functions=functions, stream=True)
        deltas = [chunk.choices[0].delta.function_call async for chunk in stream]
    choice = answer.choices[0]
    assert choice.finish_reason == "function_call" and choice.message.tool_calls is None
    assert named.choices[0].message.function_call is not None and named.choices[0].finish_reason == "stop"
    assert choice.message.function_call is not None
    assert choice.message.function_call.arguments == '{"city": "Rome"}'
    assert [delta.name for delta in deltas if delta] == ["weather"]
    assert model.received[1].tool_use == ToolUse(choice="required", name="weather", parallel=False)


async def test_what_was_called_before_reaches_the_model() -> None:
    model = Speaker(Finished("stop"))
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    messages: list[Any] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Hm."},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "sun"}]},
    ]
    async with client_of(model) as client:
        await client.chat.completions.create(model="guide", messages=messages, tools=TOOLS)
    prompt = model.received[0].prompt
    assert prompt.messages == (  # type: ignore[union-attr]
        Message("user", "hi"),
        Message(
            "assistant",
            "",
            reasoning="Hm.",
            tool_calls=(ToolCall("a", "weather", '{"city": "Rome"}'),),
        ),
        Message("tool", "sun", tool_call_id="a", name="weather"),
    )
    assert prompt.tools == (  # type: ignore[union-attr]
        Tool(name="weather", description="Tells it.", parameters=SCHEMA, strict=True),
        Tool(name="time", parameters=dict(TIME["parameters"])),  # type: ignore[arg-type]
    )


async def test_every_choice_of_tools_is_understood() -> None:
    model = Speaker(Finished("stop"))
    named = {"type": "function", "function": {"name": "time"}}
    choices: list[Any] = [
        "none",
        "auto",
        "required",
        named,
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}},
    ]
    async with client_of(model) as client:
        for choice in choices:
            await client.chat.completions.create(
                **chat("hi"), tools=TOOLS, tool_choice=choice, parallel_tool_calls=False
            )
    uses = [(request.tool_use.choice, request.tool_use.name) for request in model.received]
    assert uses == [("none", ""), ("auto", ""), ("required", ""), ("required", "time"), ("required", "")]
    assert not any(request.tool_use.parallel for request in model.received)
    assert [tool.name for tool in model.received[-1].prompt.tools] == ["time"]  # type: ignore[union-attr]


async def test_how_to_think_reaches_the_model() -> None:
    model = Speaker(Finished("stop"))
    extras: list[dict[str, Any]] = [
        {"reasoning_effort": "high", "thinking_budget": 20},
        {"reasoning_effort": "none"},
        {"enable_thinking": True, "chat_template_kwargs": {"custom": [1]}},
    ]
    async with client_of(model) as client:
        for extra in extras:
            await client.chat.completions.create(**chat("hi"), extra_body=extra)
    assert [request.thinking for request in model.received] == [
        Thinking(effort="high", budget=20),
        Thinking(enabled=False),
        Thinking(enabled=True),
    ]
    assert model.received[2].template_values == {"custom": [1]}


async def test_an_unfinished_message_is_continued() -> None:
    model = Speaker(TextDelta("!", 1), Finished("stop"))
    body = chat("hi")
    body["messages"].append({"role": "assistant", "content": "Good"})
    async with client_of(model) as client:
        await client.chat.completions.create(**body, extra_body={"continue_final_message": True})
    assert model.received[0].continues and json.dumps(body)
