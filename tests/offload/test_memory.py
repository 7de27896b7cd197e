"""On a device without a card, memory is what the estimator said: by llama.cpp's word, and by the system's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import Blueprint, hybrids, transformers, write
from tests.blueprints.hybrids import DeltaNet
from tests.blueprints.parts import Shape
from tests.offload.device_server import DeviceServer
from tests.offload.loaded_model import PROMPT, LoadedModel
from workbench.engine_settings import EngineSettings
from workbench.gguf import read_model
from workbench.memory import DeviceMemory
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

pytestmark = pytest.mark.slow

SMALL = Shape(
    layers=6,
    hidden=512,
    heads=8,
    kv_heads=2,
    head_size=64,
    feed_forward=1024,
    vocabulary=4096,
    context=4096,
)
MIXTURE = replace(SMALL, feed_forward=256, experts=8, experts_used=2)
SETTINGS = EngineSettings(context_length=1024)
QUANTIZED = replace(SETTINGS, kv_type_k="q8_0", kv_type_v="q8_0", flash_attention="on")
MIB = 2**20


def hybrid() -> Blueprint:
    return hybrids.qwen35(replace(SMALL, layers=8, head_size=256), DeltaNet(value_heads=4, key_groups=2))


CASES: dict[str, tuple[Callable[[], Blueprint], EngineSettings]] = {
    "dense": (lambda: transformers.llama(SMALL), SETTINGS),
    "dense, three layers": (lambda: transformers.llama(SMALL), replace(SETTINGS, gpu_layers=3)),
    "dense, quantized cache": (lambda: transformers.llama(SMALL), QUANTIZED),
    "windows, three layers": (
        lambda: transformers.gemma3(replace(SMALL, tied=True), 256),
        replace(SETTINGS, gpu_layers=3),
    ),
    "mixture": (lambda: transformers.qwen3moe(MIXTURE, 1024), SETTINGS),
    "mixture, experts in RAM": (
        lambda: transformers.qwen3moe(MIXTURE, 1024),
        replace(SETTINGS, experts_on_cpu=4),
    ),
    "hybrid": (hybrid, SETTINGS),
    "hybrid, four layers": (hybrid, replace(SETTINGS, gpu_layers=4)),
}


@pytest.fixture
def estimator(server: DeviceServer) -> Iterator[LlamaCppEstimator]:
    """Started where it finds the plugin."""
    opened = LlamaCppEstimator()
    yield opened
    opened.close()


def parts(memory: DeviceMemory) -> tuple[str, int, int, int]:
    return memory.name, memory.weights_bytes, memory.context_bytes, memory.compute_bytes


def assert_same_host(predicted: DeviceMemory, actual: DeviceMemory) -> None:
    """llama.cpp counts as weights all the file between the first and the last that it maps."""
    assert parts(predicted)[2:] == parts(actual)[2:]
    assert predicted.weights_bytes <= actual.weights_bytes


@pytest.mark.parametrize(("blueprint", "settings"), CASES.values(), ids=CASES)
def test_every_byte_is_predicted(
    blueprint: Callable[[], Blueprint],
    settings: EngineSettings,
    tmp_path: Path,
    server: DeviceServer,
    estimator: LlamaCppEstimator,
) -> None:
    model = write(blueprint(), tmp_path / "model.gguf")
    settings = replace(settings, devices=(server.address,))
    predicted = estimator.estimate(read_model(model), settings)
    with LoadedModel(model, settings) as loaded:
        assert [parts(one) for one in predicted.devices] == [parts(one) for one in loaded.state.devices]
        assert_same_host(predicted.host, loaded.state.host)


def test_two_devices_take_what_is_predicted(
    tmp_path: Path, server: DeviceServer, second_server: DeviceServer, estimator: LlamaCppEstimator
) -> None:
    """llama.cpp's own measure may count one input too many on each device but the first, never one too few.

    As it computes four batches ahead, that is four times one row for each token of a batch.
    """
    model = write(transformers.llama(SMALL), tmp_path / "model.gguf")
    settings = replace(SETTINGS, devices=(server.address, second_server.address), split=(1, 2))
    predicted = estimator.estimate(read_model(model), settings)
    with LoadedModel(model, settings) as loaded:
        (first, second), (actual_first, actual_second) = predicted.devices, loaded.state.devices
        assert parts(first) == parts(actual_first)
        assert parts(second)[:3] == parts(actual_second)[:3]
        too_many = second.compute_bytes - actual_second.compute_bytes
        assert too_many in (0, 4 * SMALL.hidden * settings.micro_batch * 4)
        assert_same_host(predicted.host, loaded.state.host)


def test_the_system_sees_what_was_predicted(
    tmp_path: Path, server: DeviceServer, estimator: LlamaCppEstimator
) -> None:
    """A prompt longer than a batch touches every buffer: the server grows by what is on its device."""
    shape = replace(SMALL, layers=8, hidden=1024, heads=16, feed_forward=4096, small="Q8_0", large="Q8_0")
    model = write(transformers.llama(shape), tmp_path / "model.gguf")
    settings = replace(SETTINGS, context_length=4096, devices=(server.address,))
    (device,) = estimator.estimate(read_model(model), settings).devices
    before = server.anonymous_bytes()
    with LoadedModel(model, settings, prompt=PROMPT * 14):
        grown = server.anonymous_bytes() - before
    print(f"predicted {device.total_bytes / MIB:.1f} MiB, the server grew by {grown / MIB:.1f} MiB")
    assert grown == pytest.approx(device.total_bytes, rel=0.03)
