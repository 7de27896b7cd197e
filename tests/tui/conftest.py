"""What every test of the app stands on: a stage, no user data of this machine, no blinking."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from tests.tui.stage import Stage
from workbench.models import Description

SCRIPT = """
pause = 0.002
[[reply]]
when = "weather"
text = "I do not look out of the window."
[[reply]]
text = "{long}"
"""


@pytest.fixture(autouse=True)
def own_user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def steady_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    for widget in (TextArea, Input):
        monkeypatch.setattr(widget.cursor_blink, "_default", False)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def script(tmp_path: Path) -> Description:
    """A model that recites a short answer about the weather and a very long one about anything else."""
    path = tmp_path / "test.script.toml"
    path.write_text(SCRIPT.format(long="word " * 4000))
    return Description("script", path, path.stat().st_size)
