"""A prompt or an answer that is longer than the context: refused, unless it was asked for otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

import workbench_guide
from tests.server.loopback import chat, exchange, http, serving
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONTEXT = 256


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    """The bundled model with a short context."""
    guide = await open_model(str(workbench_guide.PATH), EngineSettings(context_length=CONTEXT, parallel=2))
    pool = ModelPool({"guide": guide})
    async with serving(create_app(pool)) as address:
        yield address
    await pool.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as made:
        yield made


def long_talk(turns: int) -> dict[str, Any]:
    said = [{"role": "system", "content": "Answer briefly."}]
    for turn in range(turns):
        said.append({"role": "user", "content": f"Question {turn}: what is a KV cache, and how large is it?"})
        said.append({"role": "assistant", "content": f"Answer {turn}: it keeps keys and values."})
    said.append({"role": "user", "content": "What can you do?"})
    return chat("") | {"messages": said, "max_tokens": 16, "temperature": 0}


async def test_by_default_it_is_refused(client: openai.AsyncOpenAI) -> None:
    for policy in ({}, {"context_policy": "error"}):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(**long_talk(20), extra_body=policy)
        assert caught.value.code == "context_length_exceeded" and str(CONTEXT) in caught.value.message


async def test_truncating_leaves_out_the_oldest_turns_and_says_so(client: openai.AsyncOpenAI) -> None:
    policy = {"context_policy": "truncate"}
    raw = await client.chat.completions.with_raw_response.create(**long_talk(20), extra_body=policy)
    told = raw.parse().model_extra
    answer = raw.parse()
    assert told is not None and answer.usage is not None
    dropped = told["context"]["dropped_messages"]
    assert told["context"]["policy"] == "truncate" and 20 < dropped < 40 and dropped % 2 == 0
    assert raw.headers["x-context-dropped-messages"] == str(dropped)
    assert raw.headers["x-context-dropped-tokens"] == str(told["context"]["dropped_tokens"])
    assert CONTEXT // 2 < answer.usage.prompt_tokens <= CONTEXT - 16
    shorter = long_talk(0) | {
        "messages": [long_talk(20)["messages"][0], *long_talk(20)["messages"][dropped + 1 :]]
    }
    same = await client.chat.completions.create(**shorter)
    assert same.choices[0].message.content == answer.choices[0].message.content
    assert same.usage and same.usage.prompt_tokens == answer.usage.prompt_tokens
    more = shorter | {"messages": [shorter["messages"][0], *long_talk(20)["messages"][dropped - 1 :]]}
    with pytest.raises(openai.BadRequestError, match="the context holds"):
        await client.chat.completions.create(**more)


async def test_what_fits_is_left_as_it_is(client: openai.AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        **long_talk(1), extra_body={"context_policy": "truncate"}
    )
    assert raw.headers["x-context-dropped-tokens"] == "0"


async def test_a_last_turn_that_is_too_long_is_refused_all_the_same(client: openai.AsyncOpenAI) -> None:
    body = chat("word " * 400) | {"max_tokens": 16}
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**body, extra_body={"context_policy": "truncate"})
    assert caught.value.code == "context_length_exceeded"


async def test_of_a_plain_text_the_end_is_kept_and_a_stream_tells_too(url: str) -> None:
    body = {"model": "guide", "prompt": "word " * 400, "stream": True, "context_policy": "truncate"}
    status, headers, answer = await exchange(url, http("POST", "/v1/completions", json.dumps(body).encode()))
    assert status == 200 and int(headers["x-context-dropped-tokens"]) > 100
    last = [json.loads(line[6:]) for line in answer.split(b"\n") if line.startswith(b"data: {")][-1]
    assert str(last["context"]["dropped_tokens"]) == headers["x-context-dropped-tokens"]


@pytest.mark.slow
async def test_a_shifted_answer_goes_on_beyond_the_context(client: openai.AsyncOpenAI) -> None:
    wanted = 2 * CONTEXT
    body = chat("What is a KV cache?") | {"max_tokens": wanted, "temperature": 0}
    endless = {"ignore_eos": True}
    ended = await client.chat.completions.create(**body, extra_body=endless)
    assert ended.usage and ended.usage.completion_tokens < CONTEXT
    raw = await client.chat.completions.with_raw_response.create(
        **body, extra_body=endless | {"context_policy": "shift"}
    )
    answer = raw.parse()
    assert answer.usage and answer.usage.completion_tokens == wanted
    assert answer.usage.prompt_tokens == ended.usage.prompt_tokens
    assert answer.choices[0].finish_reason == "length" and answer.model_extra is not None
    assert answer.model_extra["context"]["dropped_tokens"] >= wanted - CONTEXT
    assert int(raw.headers["x-context-dropped-tokens"]) == answer.model_extra["context"]["dropped_tokens"]
    begun, whole = ended.choices[0].message.content, answer.choices[0].message.content
    assert begun and whole and whole.startswith(begun[:-10])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"context_policy": "forget"}, "context_policy"),
        ({"context_policy": "shift"}, "max_tokens"),
        (
            {"context_policy": "shift", "max_tokens": 9, "response_format": {"type": "json_object"}},
            "context_policy",
        ),
    ],
)
async def test_what_cannot_be_done_is_refused(url: str, fields: dict[str, Any], param: str) -> None:
    request = http("POST", "/v1/chat/completions", json.dumps(chat("a") | fields).encode())
    status, _, body = await asyncio.wait_for(exchange(url, request), 60)
    assert status == 400 and json.loads(body)["error"]["param"] == param
