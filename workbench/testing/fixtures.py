"""What the contract's tests are given: each backend that can run here, and a model of it, opened.

A conftest imports all of this and puts its own `model` in place of the one here. A test module may say which
BACKENDS it is about, and AGAINST what it holds them. At the end stands how many checks each one passed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from workbench import registry
from workbench.backend import Backend, Engine, Provider
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model

SETTINGS = EngineSettings(context_length=512, parallel=3)

_BACKEND = "backend"
_passed: Counter[str] = Counter()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test for each backend that can run here; those of engines for backends that open engines."""
    if "backend_name" in metafunc.fixturenames:
        wanted = set(metafunc.fixturenames)
        names = getattr(metafunc.module, "BACKENDS", None) or registry.names()
        metafunc.parametrize("backend_name", [name for name in names if _is_meant(name, wanted)])


def _is_meant(name: str, wanted: set[str]) -> bool:
    backend = registry.load(name)
    if not backend.status().available:
        return False
    of_engines = wanted & {"engine", "vocabulary"}
    return not (of_engines and backend.opens != "engine") and not (
        "own_process" in wanted and backend.elsewhere
    )


@pytest.fixture
def backend(backend_name: str) -> Backend:
    return registry.load(backend_name)


@pytest.fixture
def settings(backend: Backend) -> EngineSettings:
    """How the model is loaded; what runs elsewhere was loaded so there."""
    return EngineSettings(parallel=SETTINGS.parallel) if backend.elsewhere else SETTINGS


@pytest.fixture
def model(backend_name: str) -> str:
    """A model of the backend's own kind."""
    return model_named_for(backend_name)


def model_named_for(backend_name: str) -> str:
    """What WORKBENCH_CONTRACT_<NAME> says."""
    variable = f"WORKBENCH_CONTRACT_{backend_name.upper().replace('-', '_')}"
    named = os.environ.get(variable)
    assert named, f"The backend {backend_name} is installed: name a model for it in {variable}."
    return named


@pytest.fixture
def missing(model: str, tmp_path: Path) -> str:
    """As the model, but there is none."""
    return str(tmp_path / ("missing" + "".join(Path(model).suffixes)))


@pytest.fixture
def engine(backend: Backend, model: str) -> Iterator[Engine]:
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
    outcome: Any = yield
    specification: Any = getattr(item, "callspec", None)
    name = specification and specification.params.get("backend_name")
    if name:
        against = getattr(getattr(item, "module", None), "AGAINST", "")
        told = f"{name} against {against}" if against else name
        outcome.get_result().user_properties.append((_BACKEND, told))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts here, since tests may run in other processes than the one that sums up."""
    if report.when == "call" and report.passed:
        _passed.update(str(value) for name, value in report.user_properties if name == _BACKEND)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, count in sorted(_passed.items()):
        terminalreporter.write_line(f"contract: {name} passed {count} checks")
