"""What every Provider promises: conversations in, events out; the runtime makes one of each Engine."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from workbench.backend import Backend, Provider
from workbench.errors import ContextExceeded, EngineDied, InvalidRequest, Unsupported, WorkbenchError
from workbench.events import TextDelta
from workbench.generation import Generation
from workbench.testing.answers import GREEDY, ask, events_of, finished, text_of

QUESTION = Generation(prompt=ask("What is the weather?"), sampling=GREEDY)
LONG = Generation(prompt=ask("What is the weather?"), sampling=GREEDY, max_tokens=400, ignore_end=True)


async def tokens_of(provider: Provider, text: str, *, special: bool = False) -> tuple[int, ...]:
    """None at all where the backend does not tell tokens, and says so."""
    try:
        return tuple(await provider.tokenize(text, special=special))
    except Unsupported as error:
        assert error.message and error.remedy
        return ()


async def test_a_conversation_gets_an_answer(provider: Provider) -> None:
    events = await events_of(provider, QUESTION)
    end = finished(events)
    assert text_of(events)
    assert (end.reason, end.stop_sequence) == ("stop", "")
    assert end.usage.prompt_tokens > 0
    assert end.usage.completion_tokens >= sum(
        event.tokens for event in events if isinstance(event, TextDelta)
    )
    assert end.timings.time_to_first_token > 0 and end.timings.generation_seconds > 0


async def test_a_raw_text_and_its_tokens_continue_alike(provider: Provider) -> None:
    text = "What is the weather?"
    goes_on = Generation(prompt=text, sampling=GREEDY, max_tokens=9, ignore_end=True)
    from_text = await events_of(provider, goes_on)
    assert text_of(from_text)
    if tokens := await tokens_of(provider, text, special=True):
        from_tokens = await events_of(provider, replace(goes_on, prompt=tokens))
        assert text_of(from_text) == text_of(from_tokens)


async def test_the_provider_gives_the_text_back(provider: Provider) -> None:
    text = "Ünïcödé 😀"
    if tokens := await tokens_of(provider, text):
        assert await provider.detokenize(tokens) == text


async def test_the_rendered_prompt_is_what_the_model_gets(provider: Provider) -> None:
    try:
        prompt = await provider.rendered(QUESTION)
    except Unsupported as error:
        assert error.message and error.remedy
        return
    events = await events_of(provider, QUESTION)
    assert isinstance(prompt, str)
    assert finished(events).usage.prompt_tokens == len(await provider.tokenize(prompt, special=True))
    raw = Generation(prompt=prompt, sampling=QUESTION.sampling)
    assert text_of(await events_of(provider, raw)) == text_of(events)


async def test_a_stop_string_ends_the_answer_and_never_shows(provider: Provider, backend: Backend) -> None:
    whole = text_of(await events_of(provider, QUESTION))
    for start in range(1, len(whole) - 4, 7):
        stop = whole[start : start + 4]
        events = await events_of(
            provider, Generation(prompt=QUESTION.prompt, sampling=GREEDY, stop=("\0", stop))
        )
        assert text_of(events) == whole[: whole.index(stop)]
        assert finished(events).reason == "stop"
        told = (stop, "") if backend.opens == "provider" else (stop,)
        assert finished(events).stop_sequence in told, "a server need not tell which it was"


async def test_a_stop_string_that_never_comes_changes_nothing(provider: Provider) -> None:
    whole = text_of(await events_of(provider, QUESTION))
    stop = (whole[-3:] + "never",)
    assert (
        text_of(await events_of(provider, Generation(prompt=QUESTION.prompt, sampling=GREEDY, stop=stop)))
        == whole
    )


async def test_at_the_limit_the_reason_is_length(provider: Provider) -> None:
    events = await events_of(provider, Generation(prompt=QUESTION.prompt, sampling=GREEDY, max_tokens=3))
    assert finished(events).reason == "length"
    assert finished(events).usage.completion_tokens == 3


async def test_many_at_once_do_not_mix(provider: Provider) -> None:
    alone = text_of(await events_of(provider, QUESTION))
    answers = await asyncio.gather(*(events_of(provider, QUESTION) for _ in range(6)))
    assert {text_of(events) for events in answers} == {alone}


async def test_closing_the_answer_cancels_it(provider: Provider) -> None:
    stream = provider.generate(LONG)
    async for event in stream:
        if isinstance(event, TextDelta):
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert finished(await events_of(provider, QUESTION)).reason == "stop"


async def test_a_request_at_fault_is_refused_alone(provider: Provider) -> None:
    other = asyncio.create_task(events_of(provider, QUESTION))
    with pytest.raises(ContextExceeded):
        await events_of(provider, Generation(prompt="word " * 2000))
    with pytest.raises(InvalidRequest):
        await events_of(provider, Generation(prompt=()))
    with pytest.raises(InvalidRequest):
        await events_of(provider, Generation(prompt=(10**9,)))
    assert finished(await other).reason == "stop"


async def _error(provider: Provider, generation: Generation, begun: asyncio.Event) -> WorkbenchError | None:
    try:
        async for _ in provider.generate(generation):
            begun.set()
    except WorkbenchError as error:
        return error
    return None


async def test_a_killed_engine_fails_each_request_once_and_comes_back(own_process: Provider) -> None:
    provider, pid = own_process, getattr(own_process, "pid", None)
    assert pid
    begun = asyncio.Event()
    requests = [asyncio.create_task(_error(provider, LONG, begun)) for _ in range(5)]
    await begun.wait()
    os.kill(pid, signal.SIGKILL)
    ends = await asyncio.gather(*requests)
    assert all(isinstance(end, EngineDied) for end in ends)
    assert "signal 9" in str(ends[0])
    assert finished(await events_of(provider, QUESTION)).reason == "stop"
    assert getattr(provider, "pid", None) != pid


async def test_after_closing_it_answers_no_more(provider: Provider) -> None:
    await provider.close()
    await provider.close()
    with pytest.raises(WorkbenchError, match="unloaded"):
        await events_of(provider, QUESTION)
