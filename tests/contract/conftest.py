"""Every installed backend, with a model to check it on, and a count of the checks that each one passed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import workbench_guide
from workbench import registry
from workbench.backend import Backend, Engine, Provider
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model

SCRIPT = """
pause = 0.001
[[reply]]
when = "weather"
text = "I recite; I do not look out of the window. Ünïcödé 😀 and more."
[[reply]]
text = "A script has answers for everything that it was given, and for nothing else at all."
"""
SETTINGS = EngineSettings(context_length=512, parallel=3)
ELSEWHERE = {"remote"}
"""Those whose models run in other people's processes."""

_passed: Counter[str] = Counter()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test for each backend that can run here; those of engines for backends that open engines."""
    if "backend_name" in metafunc.fixturenames:
        wanted = set(metafunc.fixturenames)
        names = [name for name in registry.names() if _is_meant(name, wanted)]
        metafunc.parametrize("backend_name", names)


def _is_meant(name: str, wanted: set[str]) -> bool:
    backend = registry.load(name)
    if not backend.status().available:
        return False
    return (backend.opens == "engine" or not wanted & {"engine", "vocabulary"}) and (
        name not in ELSEWHERE or "own_process" not in wanted
    )


@pytest.fixture
def backend(backend_name: str) -> Backend:
    return registry.load(backend_name)


@pytest.fixture
def settings(backend_name: str) -> EngineSettings:
    """How the model is loaded; what runs elsewhere was loaded so there."""
    return EngineSettings(parallel=3) if backend_name in ELSEWHERE else SETTINGS


@pytest.fixture
def model(backend_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A model of the backend's own kind; for others than ours, WORKBENCH_CONTRACT_<NAME> names one."""
    if backend_name == "remote":
        return f"{request.getfixturevalue('endpoint')}#guide"
    if backend_name in ("llama-cpp", "llama-server"):
        return str(workbench_guide.PATH)
    if backend_name == "scripted":
        path = tmp_path / "contract.script.toml"
        path.write_text(SCRIPT, encoding="utf-8")
        return str(path)
    variable = f"WORKBENCH_CONTRACT_{backend_name.upper().replace('-', '_')}"
    named = os.environ.get(variable)
    assert named, f"The backend {backend_name} is installed: name a model for it in {variable}."
    return named


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


@pytest.fixture
def engine(backend: Backend, model: str) -> Iterator[Engine]:
    assert backend.opens == "engine", "a Provider backend is checked by test_provider.py alone"
    opened = backend.open(model, SETTINGS, lambda share: True)
    assert isinstance(opened, Engine)
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def provider(model: str, backend_name: str, settings: EngineSettings) -> AsyncIterator[Provider]:
    opened = await open_model(model, settings, backend=backend_name)
    yield opened
    await opened.close()


@pytest.fixture
def own_process(provider: Provider) -> Provider:
    """One whose engine runs in a process of ours."""
    assert getattr(provider, "pid", None)
    return provider


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    name = getattr(item, "callspec", None) and item.callspec.params.get("backend_name")  # type: ignore[attr-defined]
    if name and report.when == "call" and report.passed:
        _passed[name] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, count in sorted(_passed.items()):
        terminalreporter.write_line(f"contract: {name} passed {count} checks")
