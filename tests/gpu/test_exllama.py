"""EXL2 and EXL3 models for real, where an NVIDIA GPU and the engines' packages are.

pip install torch exllamav3 exllamav2 tokenizers
pytest -m slow tests/gpu/test_exllama.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

import workbench_guide
from tests.contract.own_process import checks_passed
from tests.exllama.guide_folder import write_guide
from workbench.machine.gpus import gpus
from workbench_exllama.packages import installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

QUESTION = "What is a context window?"


@pytest.fixture(params=["exl3", "exl2"])
def kind(request: pytest.FixtureRequest) -> Literal["exl2", "exl3"]:
    package = f"exllamav{request.param[-1]}"
    if not any(card.api == "cuda" for card in gpus()):
        pytest.skip("There is no NVIDIA GPU in this machine.")
    if not installed(package):
        pytest.skip(f"{package} is not installed.")
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def folder(kind: Literal["exl2", "exl3"], tmp_path: Path) -> Path:
    return write_guide(tmp_path / "guide", kind)


def test_it_keeps_the_contract(folder: Path, tmp_path: Path) -> None:
    assert checks_passed("exllama", folder, tmp_path, {}) >= 69


def test_the_guide_says_what_it_says_on_the_cpu(folder: Path) -> None:
    assert _said(str(folder)) == _said(str(workbench_guide.PATH), "--device", "CPU")


def test_what_its_converter_makes_is_run(folder: Path, kind: str, tmp_path: Path) -> None:
    """In 6 bits it says much the same, and begins alike."""
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"quantization_config"', '"once"'))
    made = tmp_path / "made"
    _run("quantize", str(folder), kind.upper(), "--bits", "6", "-o", str(made))
    [model] = [path.parent for path in made.rglob("config.json")]
    assert _said(str(model))[:20] == _said(str(workbench_guide.PATH))[:20]


def _said(model: str, *options: str) -> str:
    return _run("run", model, QUESTION, "--temperature", "0", "--max-tokens", "40", *options)


def _run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "workbench", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
