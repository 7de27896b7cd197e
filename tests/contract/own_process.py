"""The contract's tests in a process of their own, for backends that run only where something stands in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PARTS = ("backend", "engine", "provider", "constraints", "vocabulary")
_CONFTEST = "from workbench.testing.fixtures import *\n"


def checks_passed(
    backend: str,
    model: Path,
    place: Path,
    environment: Mapping[str, str],
    parts: tuple[str, ...] = PARTS,
    *,
    unless: str = "",
) -> int:
    """How many there were, but for those with such words in their names; a failure is an AssertionError."""
    (place / "conftest.py").write_text(_CONFTEST)
    for part in parts:
        lines = (f"from workbench.testing.{part}_contract import *", f"BACKENDS = [{backend!r}]")
        (place / f"test_{part}.py").write_text("\n".join(lines))
    named = {f"WORKBENCH_CONTRACT_{backend.upper()}": str(model), "WORKBENCH_HOME": str(place / "home")}
    options = ("-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "--import-mode=importlib")
    left_out = ("-k", f"not ({unless})") if unless else ()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *left_out, *(f"test_{part}.py" for part in parts)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment, **named},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counted = re.search(rf"contract: {backend} passed (\d+) checks", done.stdout)
    assert counted, done.stdout
    return int(counted[1])
