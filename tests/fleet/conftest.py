"""A home of its own, without keys, and a model that recites."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPT = 'pause = 0.002\n[[reply]]\ntext = "' + "word " * 40 + '"\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WORKBENCH_API_KEY", raising=False)
    return tmp_path / "home"


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "words.script.toml"
    path.write_text(SCRIPT)
    return str(path)
