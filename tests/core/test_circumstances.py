"""Which model, machine and engine: what makes another one, and what does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackagePath, distribution
from pathlib import Path

import pytest

import workbench_guide
from workbench.circumstances import circumstances, machine_identity, model_identity
from workbench.errors import InvalidModel
from workbench.machine import Gpu, Machine
from workbench.models.locating import model_at
from workbench_llama_cpp.installed_build import installed_build

HERE = Machine(
    cpu="AMD Ryzen 7 7840U",
    physical_cores=8,
    logical_cores=16,
    ram_total=32 * 2**30,
    ram_free=21 * 2**30,
    platform="Linux x86_64",
    gpus=(Gpu("NVIDIA GeForce RTX 4090", 24 * 2**30, driver="nvidia 550.54"),),
    microcode="0xa704103",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(workbench_guide.PATH, tmp_path / "another-name.gguf"))


def test_a_model_is_its_bytes_whatever_it_is_called(copy: Path) -> None:
    guide, other = model_identity(model_at(workbench_guide.PATH)), model_identity(model_at(copy))
    assert guide.key == other.key and guide.size_bytes == copy.stat().st_size
    assert (guide.name, other.name) == ("guide", "another-name")


def test_other_weights_are_another_model(copy: Path) -> None:
    before = model_identity(model_at(copy))
    with copy.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(bytes(4096))
    assert model_identity(model_at(copy)).key != before.key


def test_a_model_that_is_gone_is_told(copy: Path) -> None:
    model = model_at(copy)
    copy.unlink()
    with pytest.raises(InvalidModel, match="another-name cannot be read"):
        model_identity(model)


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, cpu="AMD EPYC"),
        replace(HERE, physical_cores=4),
        replace(HERE, gpus=()),
        replace(HERE, gpus=(*HERE.gpus, *HERE.gpus)),
    ],
)
def test_other_hardware_is_another_machine(other: Machine, tmp_path: Path) -> None:
    assert machine_identity(other, tmp_path).key != machine_identity(HERE, tmp_path).key


def test_two_machines_of_one_kind_are_two(tmp_path: Path) -> None:
    nameless = machine_identity(HERE, tmp_path).key
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "machine-id").write_text("3d1219c7\n")
    named = machine_identity(HERE, tmp_path)
    assert named.key != nameless and "3d1219c7" not in named.key


def test_what_the_system_says_of_its_memory_makes_no_other_machine(tmp_path: Path) -> None:
    smaller = replace(HERE, ram_total=HERE.ram_total - 2**20, ram_free=0)
    assert machine_identity(smaller, tmp_path).key == machine_identity(HERE, tmp_path).key


def test_a_driver_makes_another_engine_and_a_microcode_does_not() -> None:
    guide = model_at(workbench_guide.PATH)
    found = circumstances(guide, here=HERE).engine
    assert found.backend == "llama-cpp" and found.version and found.build
    assert found.drivers == ("nvidia 550.54",) and found.microcode == "0xa704103"
    updated = (replace(HERE.gpus[0], driver="nvidia 560.1"),)
    assert circumstances(guide, here=replace(HERE, gpus=updated)).engine.key != found.key
    assert circumstances(guide, here=replace(HERE, microcode="0xa704104")).engine.key == found.key


Files = Callable[[object], list[PackagePath] | None]


def test_a_build_is_told_by_its_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = installed_build()
    installed = type(distribution("llama-cpp-python"))
    files: Files = installed.files.fget  # type: ignore[attr-defined]
    without_cpu = property(lambda own: [file for file in files(own) or () if "ggml-cpu" not in file.name])
    with monkeypatch.context() as patch:
        patch.setattr(installed, "files", without_cpu)
        assert installed_build().id not in ("", built.id)
    (tmp_path / "libggml-rpc.so").write_bytes(b"a plugin")
    monkeypatch.setenv("WORKBENCH_GGML_PLUGINS", str(tmp_path))
    assert installed_build().id not in ("", built.id)
