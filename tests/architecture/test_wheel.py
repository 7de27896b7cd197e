"""The wheel that users install: what is in it, and that it runs from where it was unpacked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.architecture.repository import ROOT, files, pyproject

PACKAGES = [
    Path(package) for package in pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return ZipFile(path)


def test_the_top_level_names_are_ours_alone(wheel: ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    (metadata,) = {top for top in tops if top.endswith(".dist-info")}
    assert tops - {metadata} == {package.name for package in PACKAGES}
    assert all(top.startswith("workbench") for top in tops - {metadata})


def test_every_file_of_our_packages_is_in_it(wheel: ZipFile) -> None:
    expected = {
        str(file.relative_to(package.parent))
        for package in PACKAGES
        for file in files()
        if file.is_relative_to(package)
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_the_guide_is_in_it_as_a_file_of_its_own(wheel: ZipFile) -> None:
    assert wheel.read("workbench_guide/guide.gguf")[:4] == b"GGUF"


def test_the_licence_and_the_backends_are_declared(wheel: ZipFile) -> None:
    names = wheel.namelist()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    (entry_points,) = (wheel.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    for name, target in pyproject()["project"]["entry-points"]["workbench.backends"].items():
        assert f"{name} = {target}" in entry_points


def test_it_runs_from_where_it_is_unpacked(wheel: ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = (
        "import workbench, workbench_guide\n"
        "from importlib.metadata import distribution\n"
        "from workbench import registry\n"
        "print(workbench.__file__, workbench_guide.__file__, sep='\\n')\n"
        "print(distribution('local-llm-workbench').locate_file(''), *registry.names(), sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    package, guide, metadata, *names = result.stdout.splitlines()
    assert all(Path(place).is_relative_to(tmp_path) for place in (package, guide, metadata))
    assert set(names) >= set(pyproject()["project"]["entry-points"]["workbench.backends"])
