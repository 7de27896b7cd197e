"""Cards that are not there, against what others saw on cards that were: sizes from public logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blueprints import header, models
from workbench.engine_settings import EngineSettings
from workbench.memory import MemoryEstimate, VirtualGpu
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

ROOT = Path(__file__).parents[2]
LARGE = VirtualGpu(name="Large", memory_bytes=400 << 30, compute_capability=(8, 9), multiprocessors=128)
RTX_4090 = VirtualGpu(
    name="RTX 4090", memory_bytes=24 << 30, compute_capability=(8, 9), multiprocessors=128
)  # fmt: skip
Q8 = {"kv_type_k": "q8_0", "kv_type_v": "q8_0"}


def mib(size: int) -> float:
    return round(size / 2**20, 2)


def test_llama_3_8b_as_llama_cpp_loads_it_by_itself(tmp_path: Path) -> None:
    case: list[Any] = ["llama_3_8b", 8192, {}]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.llama_cpp.as_others_load"],
        input=json.dumps([case]),
        env={**os.environ, "WORKBENCH_HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (found,) = json.loads(ran.stdout)
    assert found == [[4_876_919_040, 1_073_741_824, 271_056_896], [295_501_824, 0, 25_180_160]]


@pytest.mark.parametrize(
    ("context", "settings", "kept", "computed"),
    [
        (8192, {}, 1024.0, 116.01),
        (8192, {"micro_batch": 2048}, 1024.0, 464.04),
        (131_072, {}, 16384.0, 236.01),
        (131_072, Q8, 8704.0, 672.09),
    ],
)
def test_llama_3_8b_as_our_engine_loads_it(
    context: int, settings: dict[str, Any], kept: float, computed: float, estimator: LlamaCppEstimator
) -> None:
    wanted = EngineSettings(context_length=context, **settings)
    (card,) = estimator.estimate(header(models.llama_3_8b()), wanted, [RTX_4090]).devices
    assert (card.name, card.weights_bytes) == ("RTX 4090", 4_876_919_040)
    assert (mib(card.context_bytes), mib(card.compute_bytes)) == (kept, computed)


def estimate(estimator: LlamaCppEstimator, model: str, context: int, **settings: Any) -> MemoryEstimate:
    wanted = EngineSettings(context_length=context, **settings)
    return estimator.estimate(header(getattr(models, model)()), wanted, [LARGE])


def test_weights_and_contexts_of_other_kinds(estimator: LlamaCppEstimator) -> None:
    mixed = estimate(estimator, "qwen3_6_35b_a3b", 32_768)
    assert mib(mixed.devices[0].context_bytes) == 702.81
    assert (mib(mixed.host.weights_bytes), mib(mixed.host.compute_bytes)) == (515.31, 40.02)

    experts = estimate(estimator, "gpt_oss_20b", 8192)
    assert mib(experts.devices[0].weights_bytes) == 10949.38
    assert mib(experts.host.weights_bytes) == 586.82

    four = estimate(estimator, "qwen3_6_27b", 32_768, parallel=4, **Q8)
    assert mib(four.devices[0].context_bytes) == 4950.50
    assert mib(four.host.weights_bytes) == 682.03

    long = estimate(estimator, "qwen3_6_27b", 200_192, **Q8)
    assert mib(long.devices[0].context_bytes) == 6796.62


def test_experts_and_the_output_on_the_host(estimator: LlamaCppEstimator) -> None:
    """As in the guide to llama.cpp's own fitting: 34 of 48 layers' experts, and the output layer."""
    found = estimate(estimator, "qwen3_30b_a3b", 4096, experts_on_cpu=34, gpu_layers=48)
    assert mib(found.host.compute_bytes) == 12.01
    assert mib(found.devices[0].context_bytes + found.host.context_bytes) == 384.0


def test_layers_are_divided_among_cards(estimator: LlamaCppEstimator) -> None:
    """Two cards compute side by side, which takes more; the names of the cards are kept."""
    wanted = EngineSettings(context_length=8192)
    found = estimator.estimate(header(models.llama_3_70b()), wanted, [RTX_4090, RTX_4090])
    first, second = found.devices
    assert first.name == second.name == "RTX 4090"
    assert mib(first.context_bytes + second.context_bytes) == 2560.0
    assert (mib(first.compute_bytes), mib(second.compute_bytes)) == (312.04, 376.04)
    assert mib(found.host.compute_bytes) == 112.05
    three_to_one = estimator.estimate(
        header(models.llama_3_70b()), EngineSettings(context_length=8192, split=(3.0, 1.0)), [RTX_4090] * 2
    )
    shares = [device.context_bytes for device in three_to_one.devices]
    assert 2.8 < shares[0] / shares[1] < 3.3
