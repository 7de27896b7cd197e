"""An estimate from a header alone, and a load in earnest of its file: not a byte between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blueprints import write
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.engine_settings import EngineSettings
from workbench.gguf import read_model
from workbench.memory import DeviceMemory
from workbench_llama_cpp import loading, parameters, pooling
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.embedding_context import EmbeddingContext
from workbench_llama_cpp.estimating.breakdown import breakdown
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    return write(ARCHITECTURES[request.param](), path)


def loaded_in_earnest(path: Path, settings: EngineSettings) -> tuple[int, int, int]:
    """Bytes of weights, of the context and for computing, by the engine's own parameters."""
    functions = llama()
    wanted, kept = parameters.model_parameters(settings, lambda share: True)
    wanted.load_mode = functions.LLAMA_LOAD_MODE_NONE  # mapped, the breakdown tells ranges of the file
    model = functions.llama_model_load_from_file(str(path).encode(), wanted)
    assert model, log.text()
    length = parameters.context_length(settings, functions.llama_model_n_ctx_train(model))
    context = functions.llama_init_from_model(model, parameters.context_parameters(settings, length))
    assert context, log.text()
    found = breakdown(context)
    functions.llama_free(context)
    functions.llama_model_free(model)
    del kept
    return (
        sum(one.weights_bytes for one in found),
        sum(one.context_bytes for one in found),
        sum(one.compute_bytes for one in found),
    )


def embedding_context(path: Path, settings: EngineSettings) -> tuple[int, int]:
    """Bytes of the context that makes vectors, and for computing in it, as the engine makes it."""
    loaded = loading.load(str(path), settings, lambda share: True)
    context = EmbeddingContext(loaded)
    found = breakdown(context._context)
    context.close()
    loaded.free()
    return sum(one.context_bytes for one in found), sum(one.compute_bytes for one in found)


def sizes(host: DeviceMemory) -> tuple[int, int, int]:
    return host.weights_bytes, host.context_bytes, host.compute_bytes


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"context_length": 700},
        {"context_length": 512, "parallel": 5},
        {"context_length": 2048, "micro_batch": 96, "flash_attention": "on"},
        {"context_length": 3000, "parallel": 3, "flash_attention": "off"},
        {"context_length": 1024, "kv_type_k": "q8_0", "kv_type_v": "q8_0"},
        {"context_length": 1024, "kv_type_k": "f32", "kv_type_v": "f32", "micro_batch": 2048},
    ],
    ids=str,
)
def test_not_a_byte_lies_between_an_estimate_and_a_load(
    model: Path, settings: dict[str, object], estimator: LlamaCppEstimator
) -> None:
    wanted = EngineSettings(**settings)  # type: ignore[arg-type]
    estimate = estimator.estimate(read_model(model), wanted, ())
    weights, context, compute = loaded_in_earnest(model, wanted)
    if pooling.capability(read_model(model), wanted):
        more_context, more_compute = embedding_context(model, wanted)
        context, compute = context + more_context, compute + more_compute
    assert sizes(estimate.host) == (weights, context, compute)
    assert (estimate.devices, estimate.basis, estimate.notes) == ((), "dry run", ())
