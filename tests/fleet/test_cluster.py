"""A real cluster of two nodes: it streams, and when a replica dies only answers that have begun are lost."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.batches.request_files import read, request, write
from tests.fleet.cluster import PATIENCE, Cluster, served, two_nodes
from tests.fleet.deploying import ray_config
from tests.fleet.load import Load
from tests.remote.test_quirks import opened
from workbench.backend import Provider
from workbench.errors import Unreachable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
TOKENS, LINES = 200, 120


@dataclass(frozen=True, slots=True)
class Deployed:
    """Two replicas behind an address."""

    cluster: Cluster
    url: str

    async def opened(self) -> Provider:
        """As soon as both are there."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await asyncio.to_thread(self.cluster.wait_for_replicas, 2)
                return await opened(self.url)
            except Unreachable:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.5)


@pytest.fixture
def deployed(script: str, tmp_path: Path) -> Iterator[Deployed]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ray_config(tmp_path, script, "--port", str(port), "--parallel", "4", "--per-machine", "1")
    with two_nodes() as cluster, served(tmp_path / "serve.yaml", cluster):
        yield Deployed(cluster, f"http://127.0.0.1:{port}/v1")


async def test_two_replicas_of_which_one_dies_under_load(deployed: Deployed, tmp_path: Path) -> None:
    provider = await deployed.opened()
    await streams(provider)
    await no_request_is_lost_before_its_first_token(deployed, provider)
    await provider.close()
    again = await deployed.opened()
    await again.close()
    await every_line_of_a_batch_is_answered(deployed, tmp_path)


async def streams(provider: Provider) -> None:
    [ended] = await Load(provider, 1, 1).run()
    assert ended.tokens == TOKENS and ended.whole
    assert ended.first < ended.seconds / 2


async def no_request_is_lost_before_its_first_token(deployed: Deployed, provider: Provider) -> None:
    first, second = await asyncio.to_thread(deployed.cluster.wait_for_replicas, 2)
    assert first.ppid() != second.ppid(), "each node has one"
    load = Load(provider, 120, 20)
    running = asyncio.create_task(load.run())
    while load.done < 6:
        await asyncio.sleep(0.01)
    (await asyncio.to_thread(deployed.cluster.busiest)).kill()
    ends = await running
    lost = [one for one in ends if not one.whole]
    assert lost and all(one.tokens > 0 and isinstance(one.end, Unreachable) for one in lost)
    assert {one.tokens for one in ends if one.whole} == {TOKENS}
    assert len(lost) <= 4, "no more than one replica answers at once"


async def every_line_of_a_batch_is_answered(deployed: Deployed, tmp_path: Path) -> None:
    source, target = tmp_path / "requests.jsonl", tmp_path / "answers.jsonl"
    write(source, [request(str(number)) for number in range(LINES)])
    command = [sys.executable, "-m", "workbench", "batch", str(source), "-o", str(target)]
    batch = subprocess.Popen([*command, "--model", deployed.url, "--parallel", "8"], stderr=subprocess.PIPE)
    unfinished = target.with_name(f"{target.name}.unfinished")
    while not unfinished.exists():
        assert batch.poll() is None
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    (await asyncio.to_thread(deployed.cluster.busiest)).kill()
    _, told = await asyncio.to_thread(batch.communicate, None, PATIENCE)
    assert batch.returncode == 0, told
    answers = {one["custom_id"]: one["response"]["body"] for one in read(target)}
    assert len(answers) == LINES
    assert {json.dumps(one["choices"][0]["message"]["content"]) for one in answers.values()} == {
        json.dumps("word " * 40)
    }


def test_the_configuration_is_one_that_ray_reads(script: str, tmp_path: Path) -> None:
    code = (
        "import sys, yaml; from ray.serve.schema import ServeDeploySchema;"
        "told = ServeDeploySchema.model_validate(yaml.safe_load(open(sys.argv[1])));"
        "kept = told.model_dump(exclude_unset=True, mode='json');"
        "assert kept == yaml.safe_load(open(sys.argv[1])), kept"
    )
    for more in ((), ("--most-replicas", "3", "--per-machine", "2", "--gpus", "0.5")):
        ray_config(tmp_path, script, *more, "--force")
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "serve.yaml")], check=True, timeout=PATIENCE
        )
