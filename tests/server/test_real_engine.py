"""The endpoint over llama.cpp itself, in its own process, with the bundled model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest
import pytest_asyncio

import workbench_guide
from tests.llama_cpp import guide_drafts
from tests.server.loopback import chat, http, serving
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.runtime.engine_provider import EngineProvider
from workbench.server import ModelPool, create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTIONS = ("What can you do?", "How do I download a model?", "What is Q4_K_M?", "What is a token?")
CONTEXT = 256
GREEDY = {"temperature": 0, "max_tokens": 24}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A served model, its address and the official client for it."""

    model: EngineProvider
    url: str
    client: openai.AsyncOpenAI

    async def ask(self, text: str, **fields: Any) -> Any:
        return await self.client.chat.completions.create(**chat(text, **(GREEDY | fields)))

    async def stream(self, text: str, **fields: Any) -> str:
        chunks = await self.ask(text, stream=True, **fields)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoint]:
    draft = guide_drafts.cut(tmp_path_factory.mktemp("draft") / "draft.gguf")
    settings = EngineSettings(
        context_length=CONTEXT, parallel=4, threads=1, speculation="ngram", draft=str(draft)
    )
    model = await open_model(str(workbench_guide.PATH), settings)
    assert isinstance(model, EngineProvider)
    pool = ModelPool({"guide": model})
    async with (
        serving(create_app(pool, keep_alive_seconds=0.05)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield Endpoint(model, url, client)
    await pool.close()


@pytest.mark.parametrize("kind", ["ngram", "draft"])
async def test_drafts_change_no_answer_and_are_counted(kind: str, endpoint: Endpoint) -> None:
    question = "Repeat: " + "one two three four five six seven eight " * 6
    drafted = await endpoint.ask(question, max_tokens=48, extra_body={"speculate": kind})
    plain = await endpoint.ask(question, max_tokens=48, extra_body={"speculate": "off"})
    assert drafted.choices[0].message.content == plain.choices[0].message.content
    assert plain.timings["drafted_tokens"] == 0
    details = drafted.usage.completion_tokens_details
    assert details.accepted_prediction_tokens == drafted.timings["accepted_tokens"]
    assert 0 <= drafted.timings["accepted_tokens"] <= drafted.timings["drafted_tokens"]


async def test_beside_drafts_choices_stops_logprobs_and_forms_are_as_without(endpoint: Endpoint) -> None:
    asking = [
        {"n": 3, "seed": 7, "temperature": 0.4, "max_tokens": 12},
        {"stop": ["a"], "max_tokens": 40},
        {"logprobs": True, "top_logprobs": 2},
        {"response_format": {"type": "json_object"}, "max_tokens": 12},
    ]
    told = dict[str, list[list[tuple[Any, ...]]]]()
    for kind in ("off", "draft"):
        bodies = [fields | {"extra_body": {"speculate": kind}} for fields in asking]
        answers = await asyncio.gather(*(endpoint.ask(QUESTIONS[0], **body) for body in bodies))
        told[kind] = [
            [
                (choice.message.content, choice.finish_reason, len(choice.logprobs.content or ()))
                if choice.logprobs
                else (choice.message.content, choice.finish_reason)
                for choice in answer.choices
            ]
            for answer in answers
        ]
    assert told["draft"] == told["off"]


async def test_drafts_of_an_unknown_kind_are_refused(endpoint: Endpoint) -> None:
    with pytest.raises(openai.BadRequestError, match="speculate"):
        await endpoint.ask("x", extra_body={"speculate": "magic"})


async def test_a_stream_says_what_the_whole_answer_says(endpoint: Endpoint) -> None:
    answer = await endpoint.ask(QUESTIONS[0])
    text = answer.choices[0].message.content
    assert text and await endpoint.stream(QUESTIONS[0]) == text
    assert answer.usage.prompt_tokens > 0 and 0 < answer.usage.completion_tokens <= 24


async def test_streams_at_once_say_what_each_says_alone(endpoint: Endpoint) -> None:
    alone = [await endpoint.stream(question) for question in QUESTIONS]
    together = await asyncio.gather(*(endpoint.stream(question) for question in QUESTIONS * 2))
    assert together == alone * 2 and len(set(alone)) == len(QUESTIONS)


async def test_a_prompt_said_before_is_not_computed_again(endpoint: Endpoint) -> None:
    await endpoint.ask(QUESTIONS[1])
    usage = (await endpoint.ask(QUESTIONS[1])).usage
    assert 0 < usage.prompt_tokens_details.cached_tokens < usage.prompt_tokens


async def test_one_seed_says_the_same_again_and_its_choices_differ(endpoint: Endpoint) -> None:
    seeded = {"seed": 5, "max_tokens": 8, "extra_body": {"ignore_eos": True}}
    first, again = [await endpoint.stream(QUESTIONS[0], temperature=0.5, **seeded) for _ in range(2)]
    choices = (await endpoint.ask(QUESTIONS[0], n=3, temperature=2, **seeded)).choices
    assert first == again and len({choice.message.content for choice in choices}) == 3


async def test_logprobs_are_those_of_the_words_said(endpoint: Endpoint) -> None:
    choice = (await endpoint.ask(QUESTIONS[0], logprobs=True, top_logprobs=3)).choices[0]
    tokens = choice.logprobs.content
    assert b"".join(bytes(token.bytes) for token in tokens).decode(errors="replace") == choice.message.content
    for token in tokens:
        assert token.logprob == token.top_logprobs[0].logprob <= 0, "a greedy token is the likeliest"
        assert [top.logprob for top in token.top_logprobs] == sorted(
            (top.logprob for top in token.top_logprobs), reverse=True
        )


async def test_a_stop_string_ends_the_answer_before_it(endpoint: Endpoint) -> None:
    whole = await endpoint.stream(QUESTIONS[0])
    stop = whole[6:9]
    answer = await endpoint.ask(QUESTIONS[0], stop=stop)
    assert answer.choices[0].message.content == whole[: whole.index(stop)]
    assert answer.choices[0].finish_reason == "stop"


async def test_a_favoured_token_is_all_that_is_said(endpoint: Endpoint) -> None:
    [token] = await endpoint.model.tokenize("a")
    answer = await endpoint.ask(QUESTIONS[0], max_tokens=3, logit_bias={str(token): 100})
    assert answer.choices[0].message.content == "aaa"


async def test_completions_take_text_and_its_tokens_alike(endpoint: Endpoint) -> None:
    text = "A model is"
    tokens = await endpoint.model.tokenize(text, special=True)
    fields: dict[str, Any] = {"model": "guide", "temperature": 0, "max_tokens": 8}
    said = await endpoint.client.completions.create(prompt=text, echo=True, **fields)
    same = await endpoint.client.completions.create(prompt=tokens, **fields)
    assert said.choices[0].text == text + same.choices[0].text
    assert said.usage and same.usage
    assert said.usage.prompt_tokens == same.usage.prompt_tokens == len(tokens)


async def test_a_prompt_longer_than_the_context_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await endpoint.ask("too long " * CONTEXT)
    assert caught.value.code == "context_length_exceeded"


async def test_those_who_hang_up_leave_their_places_to_others(endpoint: Endpoint) -> None:
    for _ in range(3 * endpoint.model.facts.parallel):
        _, writer = await endless_stream(endpoint, b'"role"')
        writer.close()
    assert await asyncio.wait_for(endpoint.stream(QUESTIONS[0]), 30)


async def test_a_killed_engine_ends_its_streams_and_is_back_for_the_next(endpoint: Endpoint) -> None:
    speaking, one = await endless_stream(endpoint, b'"role"')
    os.kill(endpoint.model.pid, signal.SIGSTOP)
    waiting, other = await endless_stream(endpoint, b": keep-alive")
    os.kill(endpoint.model.pid, signal.SIGKILL)
    for reader in (speaking, waiting):
        assert (await reader.read()).count(b'"code":"engine_died"') == 1
    one.close()
    other.close()
    assert await endpoint.stream(QUESTIONS[0])


async def endless_stream(
    endpoint: Endpoint, until: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a stream has come as far as these bytes, and goes on to the context's end."""
    body = json.dumps(chat("Go on.", stream=True, ignore_eos=True)).encode()
    host, port = endpoint.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(http("POST", "/v1/chat/completions", body))
    await asyncio.wait_for(reader.readuntil(until), 30)
    return reader, writer
