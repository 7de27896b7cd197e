"""A program of this user uses what a running server has loaded, as if it had loaded it itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from tests.server.recital import Recital
from workbench.backend import Provider
from workbench.conversation import Conversation, Message, Tool
from workbench.errors import ContextExceeded, InvalidModel, Unreachable, Unsupported
from workbench.events import Event, Finished, TextDelta
from workbench.generation import Generation
from workbench.runtime import attached_provider
from workbench.runtime.attached_provider import attached
from workbench.runtime.attachment import socket_of, sockets
from workbench.sampling import SamplingSettings
from workbench.server import ModelPool
from workbench.server.attaching import attachable
from workbench.server.pool.model_offer import ModelOffer, Progress

HERE, BROKEN = Path("/models/guide.gguf"), Path("/models/broken.gguf")


class Served:
    """A pool of one recital, loaded on demand, and of one model that cannot be loaded."""

    def __init__(self) -> None:
        self.model = Recital()

        self.loadable = asyncio.Event()
        self.loadable.set()

        async def opened(progress: Progress) -> Provider:
            progress(0.5)
            await self.loadable.wait()
            return self.model

        async def broken(progress: Progress) -> Provider:
            raise InvalidModel("The file is cut short.", "Download it again.")

        self.pool = ModelPool(
            {
                "guide": ModelOffer(open=opened, path=str(HERE)),
                "broken": ModelOffer(open=broken, path=str(BROKEN)),
            }
        )


@pytest_asyncio.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    made = Served()
    async with attachable(made.pool):
        yield made
    await made.pool.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_answer_comes_as_the_model_gives_it(served: Served) -> None:
    provider = await attached(HERE)
    assert provider is not None and provider.facts == served.model.facts
    talk = Conversation((Message("user", "one two 🙂"),), (Tool(name="look", parameters={"type": "object"}),))
    asked = Generation(prompt=talk, sampling=SamplingSettings(logit_bias={5: 1.5}), logprobs=1)
    here = [event async for event in served.model.generate(asked)]
    there = [event async for event in provider.generate(asked)]
    assert there == here and isinstance(there[-1], Finished)
    assert served.model.received == [asked, asked]
    for prompt in ("raw text", (114, 97, 119)):
        events = [event async for event in provider.generate(Generation(prompt=prompt))]
        assert "raw" in "".join(event.text for event in events if isinstance(event, TextDelta))
    assert await provider.tokenize("ab") == [97, 98] and await provider.detokenize([97, 98]) == "ab"
    await provider.close()
    await until(lambda: served.pool.model("guide").users == 0)
    assert not served.model.closed


async def test_errors_cross_as_what_they_are(served: Served) -> None:
    provider = await attached(HERE)
    assert provider is not None
    with pytest.raises(ContextExceeded, match="600 tokens"):
        [event async for event in provider.generate(Generation(prompt="word " * 600))]
    with pytest.raises(InvalidModel, match="cut short"):
        await attached(BROKEN)
    with pytest.raises(Unsupported, match="passes"):
        await provider.time_passes((), (1,), together=True)


async def test_whoever_waits_for_a_load_is_told_how_far_it_is(served: Served) -> None:
    served.loadable.clear()
    shares: list[float] = []
    asked = asyncio.create_task(attached(HERE, shares.append))
    await until(lambda: shares[-1:] == [0.5])
    served.loadable.set()
    assert await asked is not None


async def test_a_server_that_says_nothing_is_passed_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached_provider, "_PATIENCE_SECONDS", 0.05)
    (socket,) = sockets()
    mute = socket.with_name("serve-0.sock")

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(say_nothing, mute):
        assert await attached(HERE) is not None


async def test_leaving_an_answer_cancels_it(served: Served) -> None:
    served.model.hold_at = 1
    provider = await attached(HERE)
    assert provider is not None

    async def listen() -> None:
        events = cast(AsyncGenerator[Event], provider.generate(Generation(prompt="one two")))
        async with aclosing(events):
            async for _ in events:
                pass

    asked = asyncio.create_task(listen())
    await served.model.held.wait()
    asked.cancel()
    await until(lambda: served.model.cancelled == 1 and served.pool.model("guide").users == 0)


async def test_what_is_not_served_or_no_longer_is_not_there(served: Served, tmp_path: Path) -> None:
    assert await attached(Path("/models/other.gguf")) is None
    (socket,) = sockets()
    assert socket.stat().st_mode & 0o077 == 0 and socket == socket_of(os.getpid())
    left = socket.with_name("serve-1.sock")
    left.touch()
    assert await attached(HERE) is not None and not left.exists()


async def test_a_server_that_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    made = Served()
    async with attachable(made.pool):
        provider = await attached(HERE)
        assert provider is not None
        ended = asyncio.create_task(provider.ended())
        await provider.tokenize("a")
        await until(lambda: made.pool.model("guide").users == 0)
        assert not ended.done()
    await asyncio.wait_for(ended, 10)
    with pytest.raises(Unreachable, match="went away"):
        await provider.tokenize("a")
    await made.pool.close()
