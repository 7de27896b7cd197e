"""RPC servers as devices, and the plugin that reaches them, which is built once.

A build that fails fails the tests. A machine that lacks what it takes skips them, and says what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.offload.device_server import DeviceServer, environment
from tests.offload.plugin import plugin_folder
from workbench.errors import EngineUnavailable


@pytest.fixture(scope="session")
def plugins() -> Path:
    try:
        return plugin_folder()
    except EngineUnavailable as lack:
        pytest.skip(f"No device without a card here: {lack}.")


@pytest.fixture
def server(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeviceServer]:
    """A device, and an environment in which engine processes find the plugin."""
    for name, value in {**environment(plugins), "WORKBENCH_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    yield from _running(plugins)


@pytest.fixture
def second_server(plugins: Path) -> Iterator[DeviceServer]:
    yield from _running(plugins)


def _running(plugins: Path) -> Iterator[DeviceServer]:
    started = DeviceServer(plugins)
    yield started
    started.close()
