"""Chat completions as the official client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from tests.server.loopback import chat, client_of
from tests.server.recital import CONTEXT, Recital
from workbench.conversation import Conversation, Message
from workbench.sampling import SamplingSettings

SAYING = "one small step for a model"


async def chunks_of(client: openai.AsyncOpenAI, **request: Any) -> list[Any]:
    return [chunk async for chunk in await client.chat.completions.create(stream=True, **request)]


async def test_a_whole_answer_has_every_member_the_client_knows() -> None:
    async with client_of(Recital()) as client:
        answer = await client.chat.completions.create(**chat(SAYING))
    assert answer.id.startswith("chatcmpl-") and answer.object == "chat.completion"
    assert answer.model == "guide" and answer.created > 1_700_000_000
    assert answer.system_fingerprint and answer.system_fingerprint.startswith("fp_")
    [choice] = answer.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content, choice.message.refusal) == (
        "assistant",
        SAYING,
        None,
    )
    assert answer.usage and answer.usage.prompt_tokens_details
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (
        6,
        6,
        12,
    )
    assert answer.usage.prompt_tokens_details.cached_tokens == 3
    assert answer.model_extra and answer.model_extra["timings"] == {
        "time_to_first_token": 0.25,
        "generation_seconds": 0.5,
        "tokens_per_second": 10.0,
        "drafted_tokens": 0,
        "accepted_tokens": 0,
    }


async def test_a_stream_opens_with_the_role_and_ends_with_the_reason() -> None:
    async with client_of(Recital()) as client:
        chunks = await chunks_of(client, **chat(SAYING))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAYING
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 7 + ["stop"]
    assert {(chunk.id, chunk.created, chunk.object) for chunk in chunks} == {
        (chunks[0].id, chunks[0].created, "chat.completion.chunk")
    }
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_usage_comes_in_a_last_chunk_without_choices_when_asked_for() -> None:
    async with client_of(Recital()) as client:
        chunks = await chunks_of(client, **chat(SAYING), stream_options={"include_usage": True})
    *rest, last = chunks
    assert last.choices == [] and last.usage.total_tokens == 12
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in rest)


async def test_several_choices_count_their_prompt_once() -> None:
    model = Recital()
    async with client_of(model) as client:
        answer = await client.chat.completions.create(**chat(SAYING), n=3, seed=7)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert {choice.message.content for choice in answer.choices} == {SAYING}
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (6, 18)
    assert sorted(generation.sampling.seed or 0 for generation in model.received) == [7, 8, 9]


async def test_several_choices_stream_side_by_side() -> None:
    model = Recital()
    async with client_of(model) as client:
        chunks = await chunks_of(client, **chat(SAYING), n=2, stream_options={"include_usage": True})
    for index in (0, 1):
        own = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == index]
        assert own[0].delta.role == "assistant" and own[-1].finish_reason == "stop"
        assert "".join(choice.delta.content or "" for choice in own) == SAYING
    assert [chunk.choices[0].index for chunk in chunks[:-1]] != sorted(
        c.choices[0].index for c in chunks[:-1]
    )
    assert chunks[-1].usage.completion_tokens == 12


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs_name_each_token_its_bytes_and_the_likeliest(stream: bool) -> None:
    request = chat("café noir", logprobs=True, top_logprobs=2)
    async with client_of(Recital()) as client:
        if stream:
            chunks = await chunks_of(client, **request)
            tokens = [
                token for c in chunks if c.choices[0].logprobs for token in c.choices[0].logprobs.content
            ]
        else:
            answer = await client.chat.completions.create(**request)
            tokens = answer.choices[0].logprobs.content
    assert [token.token for token in tokens] == ["café", " noir"]
    assert bytes(tokens[0].bytes) == "café".encode() and tokens[0].logprob == -0.5
    assert [(top.token, top.logprob) for top in tokens[1].top_logprobs] == [
        (" noir", -0.5),
        ("perhaps", -2.0),
    ]


async def test_logprobs_alone_list_no_alternatives() -> None:
    async with client_of(Recital()) as client:
        answer = await client.chat.completions.create(**chat("hello"), logprobs=True)
    assert answer.choices[0].logprobs and answer.choices[0].logprobs.content
    assert answer.choices[0].logprobs.content[0].top_logprobs == []


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({"stop": " for"}, "one small step", "stop"),
        ({"stop": ["model", " step"]}, "one small", "stop"),
        ({"max_tokens": 2}, "one small", "length"),
        ({"max_completion_tokens": 1}, "one", "length"),
    ],
)
async def test_an_answer_ends_where_it_is_told_to(fields: dict[str, Any], text: str, reason: str) -> None:
    async with client_of(Recital()) as client:
        answer = await client.chat.completions.create(**chat(SAYING, **fields))
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (text, reason)


async def test_messages_become_a_conversation() -> None:
    model = Recital()
    messages: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "c", "name": "anna"},
        {"role": "user", "content": "d"},
    ]
    async with client_of(model) as client:
        await client.chat.completions.create(model="guide", messages=messages)
    said = (
        Message("system", "Be brief."),
        Message("user", "a\nb"),
        Message("assistant", "c"),
        Message("user", "d"),
    )
    assert model.received[0].prompt == Conversation(said)


async def test_absent_settings_are_openais_and_extensions_are_off() -> None:
    model = Recital()
    async with client_of(model) as client:
        await client.chat.completions.create(**chat("a"))
    [generation] = model.received
    assert generation.sampling == SamplingSettings(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0)
    assert (generation.max_tokens, generation.stop, generation.logprobs) == (None, (), None)


async def test_every_setting_arrives() -> None:
    model = Recital()
    sent: dict[str, Any] = {
        "temperature": 0.5, "top_k": 5, "top_p": 0.9, "min_p": 0.1, "typical_p": 0.8, "repeat_penalty": 1.1,
        "frequency_penalty": 0.2, "presence_penalty": 0.3, "repeat_last_n": 32, "dry_multiplier": 0.8,
        "dry_base": 2.0, "dry_allowed_length": 3, "xtc_probability": 0.4, "xtc_threshold": 0.2, "mirostat": 2,
        "mirostat_tau": 4.0, "mirostat_eta": 0.2, "seed": 11,
    }  # fmt: skip
    extra = {"logit_bias": {"7": -100}, "dry_sequence_breakers": ["\n", "*"], "ignore_eos": True}
    async with client_of(model) as client:
        await client.chat.completions.create(**chat("a"), extra_body=sent | extra)
    [generation] = model.received
    assert generation.sampling == SamplingSettings(
        **sent, logit_bias={7: -100.0}, dry_sequence_breakers=("\n", "*")
    )
    assert generation.ignore_end


async def test_what_changes_no_answer_is_ignored() -> None:
    quiet = {
        "user": "u", "metadata": {"a": "b"}, "store": False, "service_tier": "auto",
        "parallel_tool_calls": True, "tools": [], "tool_choice": "none", "response_format": {"type": "text"},
        "stop": None, "n": None,
        "temperature": None, "safety_identifier": "x", "modalities": ["text"],
    }  # fmt: skip
    async with client_of(Recital()) as client:
        answer = await client.chat.completions.create(**chat("hello"), extra_body=quiet)
    assert answer.choices[0].message.content == "hello"


async def test_the_context_is_never_cut() -> None:
    async with client_of(Recital()) as client:
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as caught:
                await client.chat.completions.create(**chat("word " * CONTEXT), stream=stream)
            assert caught.value.code == "context_length_exceeded"
            assert f"the context holds {CONTEXT}" in str(caught.value)


async def test_the_synchronous_client_streams_too() -> None:
    async with client_of(Recital()) as client:
        url = str(client.base_url)

        def stream() -> str:
            with openai.OpenAI(base_url=url, api_key="none") as sync:
                chunks = sync.chat.completions.create(**chat(SAYING), stream=True)
                return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

        assert await asyncio.to_thread(stream) == SAYING
