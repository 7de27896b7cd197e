"""A real card, if this machine has one that the engine can use, and the table of what was found on it.

    pytest -m slow tests/gpu

WORKBENCH_GPU_TABLE names a file to write the table to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gpu.comparison import Row, as_markdown
from workbench.machine.engines import EngineSight, engine_sight
from workbench.machine.gpus import Gpu, gpus
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

_rows: list[Row] = []


@pytest.fixture(scope="session")
def sight() -> EngineSight:
    return engine_sight("llama-cpp")


@pytest.fixture(scope="session")
def gpu(sight: EngineSight) -> Gpu:
    """The first card. It must be the engine's too, or there is nothing to measure."""
    found = gpus()
    if not found:
        pytest.skip("There is no GPU in this machine.")
    if not any(device.kind in ("gpu", "integrated") for device in sight.devices):
        pytest.skip(f"llama.cpp was built without support for the {found[0].name} in this machine.")
    return found[0]


@pytest.fixture(scope="session")
def estimator(gpu: Gpu, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEstimator]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        opened = LlamaCppEstimator()
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """What the table at the end of the run is made of."""
    return _rows


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _rows:
        return
    table = as_markdown(_rows)
    terminalreporter.write_sep("=", "memory predicted and taken, MiB")
    terminalreporter.write_line(table)
    if target := os.environ.get("WORKBENCH_GPU_TABLE"):
        Path(target).write_text(table + "\n")
