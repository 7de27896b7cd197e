"""What a format writes is trained on by its real trainer, by the very file that comes with the rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.datasets.planting import made
from tests.datasets.rows_of_kinds import write
from tests.finetuning.lessons import GENERATION_TEMPLATE
from tests.finetuning.twin import twin

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_UNCOMPILED = {"MLX_DISABLE_COMPILE": "1"}
"""On the processor MLX compiles its kernels with a C++ compiler, which takes longer than these few steps."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return twin(tmp_path_factory.mktemp("model") / "twin", GENERATION_TEMPLATE)


def ran(folder: Path, *command: str) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "cache"), **_UNCOMPILED}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def learned(file: Path) -> bool:
    """Whether the halves of an adapter that begin as zeros are zeros no more."""
    halves = [half for name, half in load_file(file).items() if "lora_b" in name.lower()]
    return bool(halves) and all(np.isfinite(half).all() for half in halves) and any(map(np.any, halves))


@pytest.mark.parametrize("kind", ["chat", "text", "preference", "kto"])
def test_trl_trains_by_the_script(kind: str, model: Path, tmp_path: Path) -> None:
    made("convert", write(kind, tmp_path / "rows.jsonl"), target=tmp_path / "set", formats=("trl",))
    ran(tmp_path / "set" / "trl", "train.py", str(model))
    assert learned(tmp_path / "set" / "trl" / "out" / "adapter_model.safetensors")


@pytest.mark.parametrize("kind", ["chat", "text"])
def test_mlx_trains_by_the_configuration(kind: str, model: Path, tmp_path: Path) -> None:
    """Fewer steps than it says, and on the processor."""
    made("convert", write(kind, tmp_path / "rows.jsonl"), target=tmp_path / "set", formats=("mlx-lm",))
    folder = tmp_path / "set" / "mlx-lm"
    configuration = folder / "lora.yaml"
    configuration.write_text(configuration.read_text().replace("BASE_MODEL", str(model)))
    ran(folder, "-m", "mlx_lm", "lora", "--config", "lora.yaml", "--iters", "8")
    assert learned(folder / "out" / "adapters.safetensors")
