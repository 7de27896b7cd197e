"""The engine's own estimator, one for each module, with a cache of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEstimator]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        made = LlamaCppEstimator()
        yield made
        made.close()
