"""Every installed backend, with a model to check it on, and a count of the checks that each one passed."""

from __future__ import annotations

import os
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

_passed: Counter[str] = Counter()


@pytest.fixture(params=registry.names())
def backend_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def backend(backend_name: str) -> Backend:
    return registry.load(backend_name)


@pytest.fixture
def model(backend_name: str, tmp_path: Path) -> str:
    """A model of the backend's own kind; for others than ours, WORKBENCH_CONTRACT_<NAME> names one."""
    if backend_name == "llama-cpp":
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
def engine(backend: Backend, model: str) -> Iterator[Engine]:
    assert backend.opens == "engine", "a Provider backend is checked by test_provider.py alone"
    opened = backend.open(model, SETTINGS, lambda share: True)
    assert isinstance(opened, Engine)
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def provider(model: str, backend_name: str) -> AsyncIterator[Provider]:
    opened = await open_model(model, SETTINGS, backend=backend_name)
    yield opened
    await opened.close()


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
