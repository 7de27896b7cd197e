"""Plain completions as the official client sees them."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.server.loopback import client_of
from tests.server.recital import Recital


async def complete(client: openai.AsyncOpenAI, **request: Any) -> Any:
    fields: dict[str, Any] = {"model": "guide", "max_tokens": 100}
    return await client.completions.create(**(fields | request))


async def test_a_text_is_continued() -> None:
    async with client_of(Recital()) as client:
        answer = await complete(client, prompt="once upon a time")
    assert answer.id.startswith("cmpl-") and answer.object == "text_completion"
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("once upon a time", "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 4)


async def test_a_stream_says_the_same() -> None:
    async with client_of(Recital()) as client:
        stream = await complete(
            client, prompt="once upon", stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    *texts, usage = chunks
    assert "".join(chunk.choices[0].text for chunk in texts) == "once upon"
    assert texts[-1].choices[0].finish_reason == "stop" and texts[0].object == "text_completion"
    assert usage.choices == [] and usage.usage.total_tokens == 4


async def test_no_tokens_at_all_are_an_answer_that_counts_the_prompt() -> None:
    model = Recital()
    async with client_of(model) as client:
        answer = await complete(client, prompt="once upon", max_tokens=0, echo=True)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("once upon", "length")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, model.received) == (9, 0, [])


@pytest.mark.parametrize(
    ("prompt", "received"),
    [
        ("a b", ["a b"]),
        (["a", "b"], ["a", "b"]),
        ([104, 105], [(104, 105)]),
        ([[104], [105]], [(104,), (105,)]),
    ],
)
async def test_a_prompt_may_be_text_or_tokens_one_or_several(prompt: Any, received: list[Any]) -> None:
    model = Recital()
    async with client_of(model) as client:
        answer = await complete(client, prompt=prompt)
    assert sorted(str(generation.prompt) for generation in model.received) == [str(each) for each in received]
    assert len(answer.choices) == len(received)


async def test_choices_are_numbered_prompt_by_prompt_and_each_prompt_counts_once() -> None:
    async with client_of(Recital()) as client:
        answer = await complete(client, prompt=["a a", "b b b"], n=2, best_of=2)
    assert [(choice.index, choice.text) for choice in answer.choices] == [
        (0, "a a"), (1, "a a"), (2, "b b b"), (3, "b b b"),
    ]  # fmt: skip
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 10)
    assert answer.usage.prompt_tokens_details.cached_tokens == 2


async def test_sixteen_tokens_unless_told() -> None:
    model = Recital()
    async with client_of(model) as client:
        await client.completions.create(model="guide", prompt="a")
    assert model.received[0].max_tokens == 16


@pytest.mark.parametrize("prompt", ["say this", list(b"say this")])
async def test_echo_repeats_the_prompt_first(prompt: Any) -> None:
    async with client_of(Recital()) as client:
        answer = await complete(client, prompt=prompt, echo=True)
        stream = [chunk async for chunk in await complete(client, prompt=prompt, echo=True, stream=True)]
    assert answer.choices[0].text == "say thissay this"
    assert stream[0].choices[0].text == "say this"
    assert "".join(chunk.choices[0].text for chunk in stream) == "say thissay this"


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs_are_parallel_lists_with_offsets_in_characters(stream: bool) -> None:
    request = {"prompt": "über alle Berge", "logprobs": 2, "stream": stream}
    async with client_of(Recital()) as client:
        answer = await complete(client, **request)
        parts = [chunk async for chunk in answer] if stream else [answer]
    found = [part.choices[0].logprobs for part in parts if part.choices[0].logprobs]
    assert [token for part in found for token in part.tokens] == ["über", " alle", " Berge"]
    assert [offset for part in found for offset in part.text_offset] == [0, 4, 9]
    assert [value for part in found for value in part.token_logprobs] == [-0.5] * 3
    assert found[0].top_logprobs[0] == {"über": -0.5, "perhaps": -2.0}


async def test_the_drawn_token_is_among_the_alternatives_even_when_it_is_not_likeliest() -> None:
    async with client_of(Recital()) as client:
        answer = await complete(client, prompt="a", logprobs=1)
    assert answer.choices[0].logprobs.top_logprobs == [{"a": -0.5}]
