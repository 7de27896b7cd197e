"""A home that is empty, one quantizer for all tests, and files of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench_guide
from workbench.ports import Quantizer
from workbench_llama_cpp.backend import LlamaCppBackend

GUIDE = Path(workbench_guide.PATH)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def quantizer() -> Iterator[Quantizer]:
    made = LlamaCppBackend().quantizer()
    yield made
    made.close()
