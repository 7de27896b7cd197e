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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["exl2", "exl3"])
def test_it_keeps_the_contract(kind: Literal["exl2", "exl3"], tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", kind)
    path = os.pathsep.join([str(DOUBLE), *sys.path])
    assert checks_passed("exllama", model, tmp_path, {"PYTHONPATH": path}) >= 69
