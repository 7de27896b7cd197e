"""The comparison that is made on real cards, made on a device without one: real widths, few layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import Blueprint, write
from tests.gpu.comparison import as_markdown, compared, ways
from tests.gpu.models import gemma_3_1b, qwen3_30b_a3b
from tests.offload.device_server import DeviceServer
from workbench.gguf import read_model
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

pytestmark = pytest.mark.slow


@pytest.fixture
def estimator(server: DeviceServer) -> Iterator[LlamaCppEstimator]:
    opened = LlamaCppEstimator()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("blueprint", "way"), [(gemma_3_1b, "all layers"), (qwen3_30b_a3b, "experts of half in RAM")]
)
def test_what_was_predicted_is_what_is_taken(
    blueprint: Callable[..., Blueprint],
    way: str,
    tmp_path: Path,
    server: DeviceServer,
    estimator: LlamaCppEstimator,
) -> None:
    model = write(blueprint(layers=2), tmp_path / "model.gguf")
    settings = replace(ways(read_model(model))[way], devices=(server.address,))
    before = server.anonymous_bytes()
    row = compared(model, ("model", way), settings, estimator, lambda pid: server.anonymous_bytes() - before)
    print(as_markdown([row]))
    assert row.predicted == row.reported and row.host
    assert row.taken == pytest.approx(row.predicted, rel=0.05)
