"""Models split between the CPU and devices without a card say token for token what they say on the CPU alone.

The device is llama.cpp's RPC server on loopback: another process, with memory of its own, that llama.cpp's
scheduler reaches through the same interface as a card.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.llama_cpp import tiny_models
from tests.offload.answering import LENGTH, ask
from tests.offload.device_server import DeviceServer
from workbench.engine_settings import EngineSettings, TensorOverride

pytestmark = pytest.mark.slow

ON_CPU = EngineSettings()
QUANTIZED = EngineSettings(kv_type_k="q8_0", kv_type_v="q8_0", flash_attention="on")


def dense(path: Path) -> Path:
    return tiny_models.llama(path, head_size=64)


def mixture(path: Path) -> Path:
    return tiny_models.llama(path, head_size=64, experts=4)


WAYS = {
    "three layers": (dense, replace(ON_CPU, gpu_layers=3), "3 of 7 layers"),
    "every layer": (dense, ON_CPU, "7 of 7 layers"),
    "experts in RAM": (mixture, replace(ON_CPU, experts_on_cpu=3), "7 of 7 layers"),
    "one override": (dense, replace(ON_CPU, tensor_overrides=(TensorOverride("ffn", "CPU"),)), "7 of 7"),
    "quantized cache": (dense, QUANTIZED, "7 of 7 layers"),
    "a part, quantized cache": (mixture, replace(QUANTIZED, gpu_layers=4), "4 of 7 layers"),
    "sliding window": (tiny_models.gemma3, replace(ON_CPU, gpu_layers=4), "4 of 7 layers"),
    "recurrent": (tiny_models.mamba, replace(ON_CPU, gpu_layers=4), "4 of 7 layers"),
}


@pytest.mark.parametrize(("write", "settings", "placement"), WAYS.values(), ids=WAYS)
async def test_a_split_model_says_the_same(
    write: Callable[[Path], Path],
    settings: EngineSettings,
    placement: str,
    tmp_path: Path,
    server: DeviceServer,
) -> None:
    model = write(tmp_path / "model.gguf")
    alone = replace(settings, gpu_layers=None, experts_on_cpu=0, tensor_overrides=())
    expected = await ask(model, alone)
    said = await ask(model, replace(settings, devices=(server.address,)))
    assert expected.placement == "CPU" and said.placement.startswith(placement)
    assert len(said.tokens) == LENGTH and said.tokens == expected.tokens
    assert said.logprobs == pytest.approx(expected.logprobs, abs=0.01)


@pytest.mark.parametrize("shares", [(), (1, 3)])
async def test_two_devices_share_a_model(
    shares: tuple[float, ...], tmp_path: Path, server: DeviceServer, second_server: DeviceServer
) -> None:
    model = dense(tmp_path / "model.gguf")
    expected = await ask(model, ON_CPU)
    both = replace(ON_CPU, devices=(server.address, second_server.address), split=shares)
    before = [one.anonymous_bytes() for one in (server, second_server)]
    said = await ask(model, both)
    assert said.tokens == expected.tokens
    assert [one.anonymous_bytes() for one in (server, second_server)] > before


async def test_a_server_serves_one_model_after_another(tmp_path: Path, server: DeviceServer) -> None:
    model = dense(tmp_path / "model.gguf")
    settings = replace(ON_CPU, devices=(server.address,))
    assert (await ask(model, settings)).tokens == (await ask(model, settings)).tokens
