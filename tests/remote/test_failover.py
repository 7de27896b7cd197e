"""Several servers of one model: least in flight, failover before the first token, one killed under load."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.answers import ask, events_of, text_of
from tests.remote.double import HELLO, Answer, double
from tests.remote.test_quirks import QUESTION, opened
from workbench.backend import Provider
from workbench.errors import ModelNotFound, Unreachable
from workbench.events import Finished, TextDelta
from workbench.generation import Generation
from workbench.openai_client import endpoint, endpoints, liveness

SCRIPT = 'pause = 0.002\n[[reply]]\ntext = "' + "word " * 40 + '"\n'


def good(body: dict[str, Any]) -> Answer:
    return Answer(HELLO)


@pytest.mark.parametrize(
    "broken",
    [
        Answer({"error": "busy"}, 503),
        Answer({"error": "slow down"}, 429),
        Answer([]),
        Answer(HELLO[:1], cut=True),
    ],
)
async def test_a_server_that_fails_before_the_first_token_is_replaced(broken: Answer) -> None:
    async with double(lambda body: broken) as bad, double(good) as other:
        provider = await opened(f"{bad.url},{other.url}")
        for _ in range(3):
            assert text_of(await events_of(provider, QUESTION)) == "Hello"
        await provider.close()
    assert len(bad.asked) == 1, "a server that failed just now is asked last"
    assert len(other.asked) == 3


@pytest.mark.parametrize(
    "broken", [Answer(b"Internal Server Error", 500), Answer([]), Answer(HELLO[:1], cut=True)]
)
async def test_one_address_may_stand_for_several_servers_of_which_one_fails(broken: Answer) -> None:
    answers = iter([broken, Answer(HELLO), broken, broken])
    async with double(lambda body: next(answers)) as server:
        provider = await opened(server.url)
        assert text_of(await events_of(provider, QUESTION)) == "Hello"
        with pytest.raises(Unreachable):
            await events_of(provider, QUESTION)
        await provider.close()
    assert len(server.asked) == 4


async def test_a_server_without_room_is_not_asked_again_at_once() -> None:
    async with double(lambda body: Answer({"error": "slow down"}, 429)) as server:
        provider = await opened(server.url)
        with pytest.raises(Unreachable, match="no room"):
            await events_of(provider, QUESTION)
        await provider.close()
    assert len(server.asked) == 1


async def test_after_the_first_token_the_failure_is_the_answer_s() -> None:
    async with double(lambda body: Answer(HELLO[:2], cut=True)) as bad, double(good) as other:
        provider = await opened(f"{bad.url},{other.url}")
        with pytest.raises(Unreachable, match="before it was whole"):
            await events_of(provider, QUESTION)
        await provider.close()
    assert not other.asked


async def test_a_server_that_is_silent_at_first_is_told_of_and_used_later() -> None:
    async with double(good) as server:
        provider = await opened(f"http://127.0.0.1:9/v1,{server.url}")
        assert "127.0.0.1:9" in provider.facts.notices[0]
        assert text_of(await events_of(provider, QUESTION)) == "Hello"
        await provider.close()
        with pytest.raises(Unreachable):
            await opened("http://127.0.0.1:9/v1,http://127.0.0.1:8/v1")


async def test_a_server_without_the_model_is_not_asked_for_it() -> None:
    async with double(good, models=Answer({"data": [{"id": "x"}]})) as bare, double(good) as server:
        provider = await opened(f"{bare.url},{server.url}#m")
        for _ in range(2):
            await events_of(provider, QUESTION)
        await provider.close()
        with pytest.raises(ModelNotFound):
            await opened(f"{bare.url}#m")
    assert not bare.asked


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if less time were long."""
    for module, name, value in (
        (liveness, "_SILENCE_SECONDS", 0.3),
        (liveness, "_PAUSE_SECONDS", 1.5),
        (endpoint, "_ALIVE_SECONDS", 0.7),
        (endpoint, "_PAUSES", (1.0,)),
    ):
        monkeypatch.setattr(module, name, value)


async def test_a_server_that_hangs_is_left_and_used_again_when_it_lives(impatient: None) -> None:
    async with double(good) as stuck, double(good) as other:
        provider = await opened(f"{stuck.url},{other.url}")
        stuck.hangs = "at once"
        for _ in range(3):
            assert text_of(await events_of(provider, QUESTION)) == "Hello"
        assert (len(stuck.asked), len(other.asked)) == (0, 3)
        stuck.hangs = ""
        await asyncio.sleep(1.0)
        for _ in range(2):
            await events_of(provider, QUESTION)
        assert stuck.asked, "after a rest it is tried again"
        await provider.close()


async def test_a_server_that_is_only_slow_is_waited_for(impatient: None) -> None:
    async with double(good, delay=1.5) as server, double(good) as other:
        provider = await opened(f"{server.url},{other.url}")
        assert text_of(await events_of(provider, QUESTION)) == "Hello"
        assert (len(server.asked), len(other.asked)) == (1, 0)
        await provider.close()


async def test_a_server_that_stops_in_the_middle_is_told_of(impatient: None) -> None:
    async with double(good) as stuck, double(good) as other:
        provider = await opened(f"{stuck.url},{other.url}")
        stuck.hangs = "midway"
        with pytest.raises(Unreachable, match="stopped in the middle"):
            await events_of(provider, QUESTION)
        assert text_of(await events_of(provider, QUESTION)) == "Hello"
        await provider.close()
    assert len(other.asked) == 1


async def test_servers_that_all_hang_are_not_waited_for_without_end(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "_LAST_PATIENCE", 2)
    async with double(good) as one, double(good) as other:
        provider = await opened(f"{one.url},{other.url}")
        one.hangs = other.hangs = "at once"
        with pytest.raises(Unreachable, match="answers none"):
            await events_of(provider, QUESTION)
        await provider.close()


async def test_tokens_and_vectors_are_asked_of_the_one_that_lives(impatient: None) -> None:
    vectors = Answer({"data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1}})
    async with double(good, vectors=vectors) as stuck, double(good, vectors=vectors) as other:
        provider = await opened(f"{stuck.url},{other.url}")
        stuck.hangs = "at once"
        assert (await provider.embed(["x"])).vectors[0].tolist() == [1.0]
        await provider.close()


def _served(script: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "workbench", "serve", str(script), "--port", "0", "--parallel", "8"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@contextmanager
def _two_servers(script: Path) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    """Their addresses, and the process of the first."""
    with _served(script) as first, _served(script) as second:
        try:
            yield [_url(first), _url(second)], first
        finally:
            first.kill()
            second.kill()


def _url(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    return next(match[1] for line in server.stderr if (match := re.search(r"Serving at (\S+);", line)))


async def _ended(provider: Provider) -> tuple[int, Finished | Unreachable]:
    """How many tokens came, and how the answer ended."""
    tokens = 0
    try:
        async for event in provider.generate(Generation(prompt=ask("Say it."))):
            if isinstance(event, TextDelta):
                tokens += event.tokens
            elif isinstance(event, Finished):
                return tokens, event
    except Unreachable as error:
        return tokens, error
    raise AssertionError("an answer ends with Finished or an error")


async def test_one_of_two_servers_killed_under_load_costs_no_request_before_its_first_token(
    tmp_path: Path,
) -> None:
    script = tmp_path / "words.script.toml"
    script.write_text(SCRIPT)
    with _two_servers(script) as (urls, first):
        provider = await opened(",".join(urls))
        one, other = provider.endpoints.each  # type: ignore[attr-defined]
        waiting = [asyncio.create_task(_ended(provider)) for _ in range(40)]
        while not any(task.done() for task in waiting):
            await asyncio.sleep(0.005)
        assert abs(one.in_flight - other.in_flight) <= 16
        first.kill()
        ends = await asyncio.gather(*waiting)
        await provider.close()
    lost = [tokens for tokens, end in ends if isinstance(end, Unreachable)]
    assert lost and all(tokens > 0 for tokens in lost), "only answers that had begun are cut off"
    assert {tokens for tokens, end in ends if isinstance(end, Finished)} == {200}


@pytest.mark.slow
async def test_one_of_two_servers_that_hangs_under_load_costs_no_request_before_its_first_token(
    tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is stopped: the system still takes connections for it. Going on, it is used again."""
    monkeypatch.setattr(endpoint, "_ALIVE_SECONDS", 4.0)
    monkeypatch.setattr(liveness, "_PAUSE_SECONDS", 10.0)
    script = tmp_path / "words.script.toml"
    script.write_text(SCRIPT)
    with _two_servers(script) as (urls, first):
        provider = await opened(",".join(urls))
        waiting = [asyncio.create_task(_ended(provider)) for _ in range(40)]
        while not any(task.done() for task in waiting):
            await asyncio.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        ends = await asyncio.gather(*waiting)
        first.send_signal(signal.SIGCONT)
        await asyncio.sleep(1.0)
        again = [await _ended(provider) for _ in range(2)]
        recovered, _ = provider.endpoints.each  # type: ignore[attr-defined]
        assert recovered.rested
        await provider.close()
    lost = [tokens for tokens, end in ends if isinstance(end, Unreachable)]
    assert lost and all(tokens > 0 for tokens in lost), "only answers that had begun are cut off"
    assert {tokens for tokens, end in (*ends, *again) if isinstance(end, Finished)} == {200}
    assert not [end for _, end in again if isinstance(end, Unreachable)]
