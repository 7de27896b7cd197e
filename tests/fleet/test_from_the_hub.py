"""Models that are on the hub alone: replicas fetch them, and of others only their shape is read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.deploying import deployed, ray_config, replica_args
from tests.fleet.test_fleet import LLAMA_70B
from tests.fleet.test_replica import started
from tests.hub import FakeHub
from workbench.models import locate


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with FakeHub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hugging-face"))
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hugging-face" / "hub"))
        yield running


async def test_a_replica_fetches_what_its_machine_lacks(hub: FakeHub, tmp_path: Path) -> None:
    hub.add_repository("acme/guide-GGUF", {"guide-F16.gguf": locate("guide").path.read_bytes()})
    args = replica_args(ray_config(tmp_path, "acme/guide-GGUF:F16", "--context", "256"))
    async with started(args) as client:
        [card] = (await client.get("/v1/models")).json()["data"]
        assert (card["id"], card["state"]) == ("acme/guide-GGUF:F16", "loaded")


def test_the_configuration_alone_is_read_of_a_model_for_other_machines(hub: FakeHub) -> None:
    weights = b"S" * 3_000_000
    hub.add_repository(
        "acme/big", {"config.json": json.dumps(LLAMA_70B).encode(), "model.safetensors": weights}
    )
    told = json.loads(deployed("vllm", "acme/big", "--gpu", "L4", "--json").stdout)
    [words] = map(shlex.split, told["commands"])
    assert words[2] == "acme/big" and told["memory"]["weights_bytes"] == len(weights)
    assert hub.body_bytes() < len(weights)
    service = json.loads(deployed("kserve", "acme/big", "--gpu", "L4", "--json").stdout)["spec"]
    assert service["spec"]["predictor"]["model"]["storageUri"] == "hf://acme/big"
