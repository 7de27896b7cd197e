"""backends/a-backend-of-your-own.md is true: its backend runs, keeps the contract and is as short as said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "backends" / "a-backend-of-your-own.md"
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the page, installed by their metadata alone."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    metadata = tmp_path / "echo_backend-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-backend\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[workbench.backends]\necho = echo_backend:EchoBackend\n")
    (tmp_path / "hills.echo").touch()
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(project), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "WORKBENCH_HOME": str(project / "home")}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=project, env=environment, capture_output=True, text=True
    )


def test_the_backend_is_short() -> None:
    assert len(FILES["echo_backend.py"].splitlines()) < 100


def test_the_backend_answers(project: Path) -> None:
    assert run(project, "workbench", "run", "hills.echo", "Hello?").stdout == "HELLO?!\n"
    assert "echo" in run(project, "workbench", "backends").stdout


@pytest.mark.slow
def test_the_backend_keeps_the_contract(project: Path) -> None:
    done = run(
        project, "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "test_contract.py"
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"contract: echo passed \d\d checks", done.stdout)
