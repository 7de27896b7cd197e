"""The whole contract on the exllama backend, over doubles of both engines."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import pytest

from tests.contract.own_process import checks_passed
from tests.exllama.conftest import DOUBLE
from tests.exllama.folders import write_model
from workbench_exllama.packages import installed


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["exl2", "exl3"])
def test_it_keeps_the_contract(kind: Literal["exl2", "exl3"], tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", kind)
    path = os.pathsep.join([str(DOUBLE), *sys.path])
    assert checks_passed("exllama", model, tmp_path, {"PYTHONPATH": path}) >= 69


@pytest.mark.slow
@pytest.mark.skipif(not installed("exllamav3"), reason="exllamav3's package is not installed.")
def test_the_real_generator_keeps_it_too(tmp_path: Path) -> None:
    """But for what needs the kernels: in one process, as the stand-ins for them are."""
    model = write_model(tmp_path / "model", "exl3")
    plugin, parts = {"PYTEST_PLUGINS": "tests.exllama.real_exllamav3"}, ("engine", "constraints")
    assert checks_passed("exllama", model, tmp_path, plugin, parts, unless="process or waits") >= 44
