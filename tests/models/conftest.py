"""Tests about models see a machine of their own, never the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench_guide
from tests.models.machine import Machine

OTHERS = (
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "XDG_CACHE_HOME",
    "LLAMA_CACHE",
    "WORKBENCH_MODELS",
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Without even the bundled model."""
    machine = Machine(tmp_path)
    for name, value in machine.environment.items():
        monkeypatch.setenv(name, value)
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(workbench_guide, "PATH", tmp_path / "guide.gguf")
    return machine
