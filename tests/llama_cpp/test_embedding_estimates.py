"""What a model takes that makes vectors, told from its header, and as the engine allocates it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.llama_cpp.embedding_models import LAST, MEAN, RANK, decoder, encoder
from tests.llama_cpp.test_estimates import embedding_context, loaded_in_earnest
from workbench.engine_settings import EngineSettings
from workbench.gguf import read_model
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator


@pytest.mark.parametrize(
    ("make", "pooling"), [(encoder, MEAN), (encoder, RANK), (decoder, LAST), (decoder, MEAN)]
)
def test_both_contexts_are_told_to_the_byte(
    make: Callable[[Path, int], Path], pooling: int, tmp_path: Path, estimator: LlamaCppEstimator
) -> None:
    path = make(tmp_path / "tiny.gguf", pooling)
    wanted = EngineSettings(context_length=300, micro_batch=64, parallel=2)
    host = estimator.estimate(read_model(path), wanted, ()).host
    _, context, compute = loaded_in_earnest(path, wanted)
    more_context, more_compute = embedding_context(path, wanted)
    assert (host.context_bytes, host.compute_bytes) == (context + more_context, compute + more_compute)
    assert host.overhead_bytes > 300 * 4 * 64


def test_a_prompt_is_copied_before_it_is_kept(tmp_path: Path, estimator: LlamaCppEstimator) -> None:
    header = read_model(decoder(tmp_path / "plain.gguf", None))
    settings = EngineSettings(context_length=256, parallel=4)
    without = estimator.estimate(header, settings, ()).host
    kept = estimator.estimate(
        header, EngineSettings(context_length=256, parallel=4, prompt_cache_bytes=1 << 30), ()
    )
    assert kept.host.overhead_bytes - without.overhead_bytes == without.context_bytes // 4
