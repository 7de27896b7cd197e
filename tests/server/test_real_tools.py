"""Tools and reasoning over llama.cpp itself: the bundled model knows neither, and is made to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import openai
import pytest

from tests.server.loopback import chat, client_of
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = EngineSettings(context_length=1024, parallel=2, threads=1)
PARAMETERS = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["sun", "rain"]},
        "days": {"type": "integer", "maximum": 9},
    },
    "required": ["kind", "days"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS, "strict": True}},
    {"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}},
]
GREEDY: dict[str, Any] = {"temperature": 0, "max_tokens": 120}
QUESTION = "What can you do?"


async def test_a_required_call_is_made_and_keeps_to_its_schema(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        **chat(QUESTION), **GREEDY, tools=TOOLS, tool_choice="required", parallel_tool_calls=False
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    [call] = choice.message.tool_calls or ()
    assert call.type == "function" and call.function.name in ("weather", "time")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_named_call_is_that_call(client: openai.AsyncOpenAI, stream: bool) -> None:
    named: Any = {"type": "function", "function": {"name": "weather"}}
    body = {**chat(QUESTION), **GREEDY, "tools": TOOLS, "tool_choice": named}
    if stream:
        chunks = [chunk async for chunk in await client.chat.completions.create(**body, stream=True)]
        pieces = [piece for chunk in chunks for piece in chunk.choices[0].delta.tool_calls or ()]
        assert [piece.function.name for piece in pieces if piece.function.name] == ["weather"]
        arguments = "".join(piece.function.arguments or "" for piece in pieces)
        assert len(pieces) > 2 and not any(chunk.choices[0].delta.content for chunk in chunks)
        reason = chunks[-1].choices[0].finish_reason
    else:
        choice = (await client.chat.completions.create(**body)).choices[0]
        [call] = choice.message.tool_calls
        arguments, reason = call.function.arguments, choice.finish_reason
    assert reason == "stop"
    found = json.loads(arguments)
    assert set(found) == {"kind", "days"} and found["kind"] in ("sun", "rain") and found["days"] <= 9


async def test_a_model_that_may_choose_answers_as_without_tools(client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(**chat(QUESTION), **GREEDY)
    none = await client.chat.completions.create(**chat(QUESTION), **GREEDY, tools=TOOLS, tool_choice="none")
    auto = await client.chat.completions.create(**chat(QUESTION), **GREEDY, tools=TOOLS)
    assert plain.choices[0].message.content == none.choices[0].message.content
    assert auto.choices[0].message.content and auto.choices[0].finish_reason == "stop"


async def test_calls_and_results_of_earlier_turns_are_told(
    client: openai.AsyncOpenAI, model: Provider
) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "12:00"},
    ]
    answer = await client.chat.completions.create(model="guide", messages=messages, tools=TOOLS, **GREEDY)
    assert answer.choices[0].message.content and answer.usage and answer.usage.prompt_tokens > 100


async def test_an_unfinished_answer_is_gone_on_with(client: openai.AsyncOpenAI) -> None:
    whole = (await client.chat.completions.create(**chat(QUESTION), **GREEDY)).choices[0].message.content
    assert whole
    begun = " ".join(whole.split(" ")[:3])
    body = chat(QUESTION)
    body["messages"].append({"role": "assistant", "content": begun})
    goes_on = {"continue_final_message": True}
    answer = await client.chat.completions.create(**body, **GREEDY, extra_body=goes_on)
    assert answer.choices[0].message.content == whole.removeprefix(begun)


async def test_thinking_has_a_budget_and_a_form_holds_after_it(model: Provider) -> None:
    facts = model.facts
    model.facts = replace(facts, chat_template=f"{facts.chat_template}<think>\n{{# </think> #}}")
    async with client_of(model) as client:
        answer = await client.chat.completions.create(
            **chat(QUESTION),
            **GREEDY,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "kind", "schema": PARAMETERS, "strict": True},
            },
            extra_body={"thinking_budget": 6},
        )
    message, usage = answer.choices[0].message, answer.usage
    assert set(json.loads(message.content or "")) == {"kind", "days"}
    assert message.reasoning_content and usage  # type: ignore[attr-defined]
    assert usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens in (6, 7)
    assert usage.completion_tokens > 6 and usage.prompt_tokens < 60
    model.facts = facts
