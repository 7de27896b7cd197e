"""A command with a home of its own, and models for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Workbench

SCRIPT = """
pause = {pause}
[[reply]]
when = "weather"
text = "I do not look out of the window."
[[reply]]
text = "Yes. Ünïcode, too 🙂 and on it goes, longer than a line of a terminal is wide, to its very end."
"""


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    command = Workbench(tmp_path / "home")
    yield command
    command.end()


@pytest.fixture
def script(tmp_path: Path) -> str:
    return _script(tmp_path / "quick.script.toml", 0.0)


@pytest.fixture
def slow_script(tmp_path: Path) -> str:
    return _script(tmp_path / "slow.script.toml", 0.1)


@pytest.fixture(params=["guide", "script"])
def model(request: pytest.FixtureRequest) -> str:
    """The bundled model through llama.cpp, and a recited one."""
    return "guide" if request.param == "guide" else str(request.getfixturevalue("script"))


def _script(path: Path, pause: float) -> str:
    path.write_text(SCRIPT.format(pause=pause), encoding="utf-8")
    return str(path)
