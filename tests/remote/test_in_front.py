"""Our endpoint in front of another one answers as that one does: text, calls, counts, errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

import workbench_guide
from tests.remote.test_quirks import opened
from tests.server.loopback import client_of
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model

QUESTION = [{"role": "user", "content": "What is a GGUF file?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {
            "type": "object",
            "properties": {"word": {"enum": ["a", "b"]}},
            "required": ["word"],
            "additionalProperties": False,
        },
    },
}
FORM = {"type": "json_schema", "json_schema": {"name": "side", "schema": {"enum": ["left", "right"]}}}
CHATS: dict[str, dict[str, Any]] = {
    "plain": {},
    "cut": {"max_completion_tokens": 5},
    "stopped": {"stop": ["never", " is"]},
    "two": {"n": 2, "seed": 3, "temperature": 0.9},
    "log-probabilities": {"logprobs": True, "top_logprobs": 3, "max_tokens": 4},
    "in a form": {"response_format": FORM},
    "a call": {"tools": [TOOL], "tool_choice": "required"},
    "that call": {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look_up"}}},
    "penalties": {"frequency_penalty": 0.5, "presence_penalty": 0.5, "max_tokens": 20},
}
TEXTS: dict[str, dict[str, Any]] = {
    "plain": {"prompt": "A model is", "max_tokens": 8},
    "tokens, repeated": {"prompt": [100, 200, 300], "max_tokens": 4, "echo": True},
    "log-probabilities": {"prompt": "A model is", "max_tokens": 3, "logprobs": 2},
    "several": {"prompt": ["A model is", "A token is"], "max_tokens": 5},
}
WRONG: dict[str, dict[str, Any]] = {
    "too long": {"messages": [{"role": "user", "content": "word " * 3000}]},
    "no schema": {
        "messages": QUESTION,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": {"type": "strange"}},
        },
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[tuple[openai.AsyncOpenAI, openai.AsyncOpenAI]]:
    """Clients of an endpoint, and of one in front of it."""
    model = await open_model(str(workbench_guide.PATH), EngineSettings(context_length=1024, parallel=2))
    async with client_of(model) as behind:
        elsewhere = await opened(str(behind.base_url))
        async with client_of(elsewhere) as front:
            yield behind, front
        await elsewhere.close()
    await model.close()


def essence(answer: Any) -> dict[str, Any]:
    """What does not differ from one time to the next."""
    told: dict[str, Any] = answer.model_dump()
    for choice in told["choices"]:
        for call in (choice.get("message") or {}).get("tool_calls") or ():
            del call["id"]
    usage = told["usage"]
    return {"choices": told["choices"], "usage": (usage["prompt_tokens"], usage["completion_tokens"])}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("chat", CHATS.values(), ids=CHATS.keys())
async def test_a_chat(both: tuple[openai.AsyncOpenAI, openai.AsyncOpenAI], chat: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"model": "guide", "messages": QUESTION, "temperature": 0} | chat
    behind, front = [essence(await one.chat.completions.create(**asked)) for one in both]
    assert front == behind
    stream = await both[1].chat.completions.create(**asked, stream=True)
    said = [choice async for chunk in stream for choice in chunk.choices if choice.index == 0]
    text = "".join(choice.delta.content or "" for choice in said)
    assert text == (behind["choices"][0]["message"]["content"] or "")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_a_text(both: tuple[openai.AsyncOpenAI, openai.AsyncOpenAI], text: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"model": "guide", "temperature": 0} | text
    behind, front = [essence(await one.completions.create(**asked)) for one in both]
    assert front == behind


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_an_error(both: tuple[openai.AsyncOpenAI, openai.AsyncOpenAI], wrong: dict[str, Any]) -> None:
    errors = []
    for one in both:
        with pytest.raises(openai.BadRequestError) as caught:
            await one.chat.completions.create(model="guide", **wrong)
        errors.append((caught.value.code, caught.value.param))
    assert errors[0] == errors[1]
