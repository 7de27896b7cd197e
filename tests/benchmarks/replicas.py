"""Two replicas of the endpoint on a Ray cluster of two nodes against the endpoint itself, and one killed.

    python -m tests.benchmarks.replicas [--requests 120]

Both nodes are on this machine and share its cores, so that two replicas are no faster here than one: the
figures tell what the way through Ray adds, and what a death costs. The model is `guide`, through llama.cpp.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.fleet.cluster import PATIENCE, Cluster, served, two_nodes
from tests.fleet.deploying import ray_config
from tests.fleet.load import Ended, Load
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import Unreachable
from workbench.runtime import open_model

_PARALLEL, _AT_ONCE, _TOKENS = 4, 16, 96
_HEADINGS = (
    "",
    "requests",
    "whole",
    "cut off",
    "lost before a token",
    "tokens/s",
    "first token, s",
    "longest, s",
)


async def _opened(url: str) -> Provider:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await open_model(url, EngineSettings())
        except Unreachable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def _measured(name: str, url: str, requests: int, cluster: Cluster | None = None) -> list[str]:
    """With a cluster, one of its replicas is killed after a quarter of the requests."""
    provider = await _opened(url)
    await Load(provider, 2 * _PARALLEL, _AT_ONCE, _TOKENS).run()
    load, started = Load(provider, requests, _AT_ONCE, _TOKENS), time.perf_counter()
    running = asyncio.create_task(load.run())
    if cluster is not None:
        while load.done < requests // 4:
            await asyncio.sleep(0.01)
        (await asyncio.to_thread(cluster.busiest)).kill()
    ends = await running
    seconds = time.perf_counter() - started
    await provider.close()
    return _row(name, ends, seconds)


def _row(name: str, ends: Sequence[Ended], seconds: float) -> list[str]:
    whole = [one for one in ends if one.whole]
    lost = sum(not one.whole and not one.tokens for one in ends)
    figures = (len(ends), len(whole), len(ends) - len(whole) - lost, lost)
    tokens = sum(one.tokens for one in ends) / seconds
    first = median(one.first for one in whole)
    return [
        name,
        *map(str, figures),
        f"{tokens:.0f}",
        f"{first:.2f}",
        f"{max(one.seconds for one in ends):.2f}",
    ]


@contextmanager
def _endpoint() -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "workbench",
        "serve",
        "guide",
        "--port",
        "0",
        "--parallel",
        str(_PARALLEL),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(match[1] for line in server.stderr if (match := re.search(r"Serving at (\S+);", line)))
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=120)
    requests = parser.parse_args().requests
    with _endpoint() as url:
        rows = [asyncio.run(_measured("the endpoint itself", url, requests))]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        ray_config(
            Path(folder), "guide", "--port", str(port), "--parallel", str(_PARALLEL), "--per-machine", "1"
        )
        with two_nodes() as cluster, served(Path(folder) / "serve.yaml", cluster):
            cluster.wait_for_replicas(2)
            url = f"http://127.0.0.1:{port}/v1"
            rows.append(asyncio.run(_measured("two replicas", url, requests)))
            rows.append(asyncio.run(_measured("two replicas, one killed", url, requests, cluster)))
            died = time.perf_counter()
            cluster.wait_for_replicas(2)
            replaced = time.perf_counter() - died
    print(f"| {' | '.join(_HEADINGS)} |", f"|---|{'---:|' * (len(_HEADINGS) - 1)}", sep="\n")
    print(*(f"| {' | '.join(row)} |" for row in rows), sep="\n")
    print(f"\nThe dead replica was replaced within {replaced:.0f} s after the last answer.")


if __name__ == "__main__":
    main()
