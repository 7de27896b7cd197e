"""A model of each bundled backend's kind, for the contract that every backend keeps."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench_guide
from workbench.testing.fixtures import *  # noqa: F403 - its fixtures and hooks are this file's
from workbench.testing.fixtures import model_named_for

SCRIPT = """
pause = 0.001
[[reply]]
when = "weather"
text = "I recite; I do not look out of the window. Ünïcödé 😀 and more."
[[reply]]
text = "A script has answers for everything that it was given, and for nothing else at all."
"""


@pytest.fixture
def model(backend_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """For others than ours, WORKBENCH_CONTRACT_<NAME> names one."""
    match backend_name:
        case "remote":
            return f"{request.getfixturevalue('endpoint')}#guide"
        case "llama-cpp" | "llama-server":
            return str(workbench_guide.PATH)
        case "scripted":
            path = tmp_path / "contract.script.toml"
            path.write_text(SCRIPT, encoding="utf-8")
            return str(path)
        case _:
            return model_named_for(backend_name)


@pytest.fixture
def missing(backend_name: str, model: str, tmp_path: Path) -> str:
    """As the model, but there is none."""
    if backend_name == "remote":
        return f"{model.partition('#')[0]}#missing"
    return str(tmp_path / ("missing" + "".join(Path(model).suffixes)))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where our own server has the bundled model."""
    command = [sys.executable, "-m", "workbench", "serve", "guide", "--port", "0"]
    with subprocess.Popen(
        [*command, "--context", "512", "--parallel", "3"], stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            yield next(match[1] for line in server.stderr if (match := re.search(r"Serving at (\S+);", line)))
        finally:
            server.terminate()
