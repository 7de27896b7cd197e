"""A storm of requests, while the engine is killed: no answer is another's, none is lost, nothing leaks."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.cli.process import workers_among
from tests.server.loopback import exchange, http
from tests.server.storm import Storm, Token

REQUESTS = 1000
AT_ONCE = 260
GROWTH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What the server's process holds, and how many engines there are."""

    resident_bytes: int
    descriptors: int
    threads: int
    engines: int


@asynccontextmanager
async def server(home: Path) -> AsyncIterator[tuple[str, psutil.Process]]:
    environment = os.environ | {"WORKBENCH_HOME": str(home), "OMP_WAIT_POLICY": "passive"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workbench", "serve", "guide", "--port", "0", "--parallel", "8",
        env=environment, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        told = b""
        while b"/v1" not in told:
            told = await asyncio.wait_for(process.stderr.readline(), 60)
        yield told.decode().split()[2].removesuffix("/v1;"), psutil.Process(process.pid)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert b"Traceback" not in await process.stderr.read()
    finally:
        if process.returncode is None:
            process.kill()


def engines_of(process: psutil.Process) -> list[psutil.Process]:
    return workers_among(process.children())


def figures(process: psutil.Process) -> Figures:
    resident = process.memory_info().rss
    return Figures(resident, process.num_fds(), process.num_threads(), len(engines_of(process)))


async def tokens_of(url: str, count: int) -> asyncio.Queue[Token]:
    """So many tokens that are whole words and can be told apart when they follow each other."""
    found: asyncio.Queue[Token] = asyncio.Queue()
    for number in range(300, 2000):
        if found.qsize() == count:
            break
        request = json.dumps({"model": "guide", "tokens": [number]}).encode()
        _, _, body = await exchange(url, http("POST", "/detokenize", request))
        text = json.loads(body)["content"]
        if len(text) >= 4 and text.strip().isalpha() and text.isascii():
            found.put_nowait(Token(number, text))
    assert found.qsize() == count
    return found


async def weather(storm: Storm, count: int) -> Counter[tuple[str, str]]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> tuple[str, str]:
        async with gate:
            return await storm.request()

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


async def settled(process: psutil.Process, before: Figures) -> Figures:
    """The figures once connections are closed, or after some seconds."""
    for _ in range(100):
        await asyncio.sleep(0.1)
        if figures(process).descriptors <= before.descriptors:
            break
    return figures(process)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_storm_loses_mixes_and_leaks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with server(tmp_path) as (url, process):
        host, port = url.removeprefix("http://").split(":")
        storm = Storm(host, int(port), await tokens_of(url, AT_ONCE), random.Random(7))
        await weather(storm, AT_ONCE)
        before = await settled(process, figures(process))
        killer = asyncio.create_task(kill_in_the_middle(process))
        outcomes = await weather(storm, REQUESTS)
        await killer
        after = await settled(process, before)
        with capsys.disabled():
            print(f"\nbefore {before}\nafter  {after}\n{dict(outcomes)}")
        quiet = Counter(await asyncio.gather(*(storm.request() for _ in range(40))))
        errors = sum(n for (kind, out), n in quiet.items() if out == "clear error" and kind != "malformed")
    failed = sum(n for (kind, out), n in outcomes.items() if out == "clear error" and kind != "malformed")
    assert sum(outcomes.values()) == REQUESTS and 0 < failed <= AT_ONCE and errors == 0
    assert {out for kind, out in outcomes if kind in ("whole", "stream")} >= {"own answer"}
    assert after.engines == before.engines == 1
    assert after.descriptors <= before.descriptors + 2 and after.threads <= before.threads + 2
    assert after.resident_bytes <= before.resident_bytes + GROWTH_BYTES


async def kill_in_the_middle(process: psutil.Process) -> None:
    await asyncio.sleep(5)
    (engine,) = engines_of(process)
    engine.kill()
