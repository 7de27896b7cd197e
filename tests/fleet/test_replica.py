"""What `workbench deploy ray` writes, and what each replica makes of it where it is started."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest

from tests.fleet.deploying import deployed, ray_config, replica_args
from tests.server.loopback import chat
from workbench.cli.replica import Replica
from workbench.errors import InvalidRequest, ModelNotFound
from workbench.fleet.replicas import read_replicas


@asynccontextmanager
async def started(args: dict[str, Any], host: str = "localhost") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a replica, which is started and stopped as servers do. Raises RuntimeError as it says."""
    app, asked, told = Replica(read_replicas(args)), asyncio.Queue[Any](), asyncio.Queue[Any]()
    living = asyncio.create_task(app({"type": "lifespan"}, asked.get, told.put))
    asked.put_nowait({"type": "lifespan.startup"})
    begun = await told.get()
    if begun["type"] == "lifespan.startup.failed":
        raise RuntimeError(begun["message"])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client
    asked.put_nowait({"type": "lifespan.shutdown"})
    assert (await told.get())["type"] == "lifespan.shutdown.complete"
    await living


async def test_a_replica_serves_what_was_written_for_it(script: str, tmp_path: Path) -> None:
    config = ray_config(tmp_path, script, "--parallel", "3", "--context", "512", "--replicas", "4")
    args = replica_args(config)
    [deployment] = config["applications"][0]["deployments"]
    assert deployment["num_replicas"] == 4 and deployment["max_ongoing_requests"] > 3
    assert config["http_options"] == {"host": "127.0.0.1", "port": 8000}
    async with started(args) as client:
        [card] = (await client.get("/v1/models")).json()["data"]
        assert (card["id"], card["details"]["parallel"]) == ("words.script", 3)
        answer = await client.post("/v1/chat/completions", json=chat("Hello?") | {"model": "words.script"})
        assert answer.json()["choices"][0]["message"]["content"].startswith("word word")


async def test_a_preset_is_carried_whole(script: str, tmp_path: Path, home: Path) -> None:
    presets = home / "config" / "presets.toml"
    presets.parent.mkdir(parents=True)
    presets.write_text(
        f'[models.writer]\nmodel = "{script}"\naliases = ["gpt-4o"]\nsettings = {{parallel = 2}}\n'
    )
    args = replica_args(ray_config(tmp_path, "writer", "--context", "300"))
    presets.unlink()
    async with started(args) as client:
        [card] = (await client.get("/v1/models")).json()["data"]
        assert (card["id"], card["aliases"], card["details"]["parallel"]) == ("writer", ["gpt-4o"], 2)


async def test_beyond_this_machine_each_replica_wants_a_key(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidRequest, match="Without an API key"):
        ray_config(tmp_path, script, "--host", "0.0.0.0")
    monkeypatch.setenv("WORKBENCH_API_KEY", "sk-known")
    config = ray_config(tmp_path, script, "--host", "0.0.0.0", "--allow-host", "cluster.lan")
    assert "sk-known" not in json.dumps(config)
    async with started(replica_args(config), "cluster.lan") as client:
        assert (await client.get("/v1/models")).status_code == 401
        known = await client.get("/v1/models", headers={"authorization": "Bearer sk-known"})
        assert known.status_code == 200
    monkeypatch.delenv("WORKBENCH_API_KEY")
    with pytest.raises(RuntimeError, match="Without an API key"):
        async with started(replica_args(config)):
            pass


async def test_what_cannot_be_loaded_is_told_at_the_start(script: str, tmp_path: Path) -> None:
    args = replica_args(ray_config(tmp_path, script))
    os.unlink(script)
    with pytest.raises(RuntimeError, match=r"no file .*words\.script\.toml"):
        async with started(args):
            pass


def test_what_cannot_be_written_is_refused(script: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        ray_config(tmp_path, "no-such-model")
    with pytest.raises(click.UsageError, match="less than"):
        ray_config(tmp_path, script, "--replicas", "3", "--most-replicas", "2")
    ray_config(tmp_path, script)
    ray_config(tmp_path, script)
    with pytest.raises(InvalidRequest, match="there already"):
        ray_config(tmp_path, script, "--port", "8001")
    assert ray_config(tmp_path, script, "--port", "8001", "--force")["http_options"]["port"] == 8001


def test_a_model_of_the_hub_is_named_and_left_to_the_replicas(tmp_path: Path) -> None:
    config = ray_config(tmp_path, "org/repo:Q4_K_M", "--gpus", "0.5", "--most-replicas", "6")
    assert replica_args(config)["preset"] == {"name": "org/repo:Q4_K_M", "model": "org/repo:Q4_K_M"}
    [deployment] = config["applications"][0]["deployments"]
    assert deployment["ray_actor_options"]["num_gpus"] == 0.5
    assert deployment["autoscaling_config"]["max_replicas"] == 6


def test_the_answer_as_json(script: str, tmp_path: Path) -> None:
    told = json.loads(deployed("ray", script, "-o", str(tmp_path), "--json").stdout)
    assert told["url"] == "http://127.0.0.1:8000/v1" and told["model"] == "words.script"
    assert told["files"] == [str(tmp_path / "serve.yaml")] and told["config"]["applications"]


@pytest.mark.parametrize(
    "args", [{}, {"preset": {"name": "a", "model": "b", "settings": {"contxt": 3}}}, {"preset": 3}]
)
def test_a_configuration_that_was_edited_wrongly_is_told(args: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="configuration of the replicas is wrong"):
        read_replicas(args)
