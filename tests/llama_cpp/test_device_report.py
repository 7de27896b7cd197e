"""What llama.cpp says of this machine, and the commands that install it for another kind of device."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT
from workbench.machine import machine
from workbench.machine.engines import engine_sight, engine_sights
from workbench_llama_cpp.builds import UV, install_command, ready_wheel, source_build
from workbench_llama_cpp.device_report import features_by_registry


def test_the_engine_tells_its_devices_from_a_process_of_its_own() -> None:
    sight = engine_sight("llama-cpp")
    assert sight.problem == ""
    cpu = next(device for device in sight.devices if device.name == "CPU")
    assert cpu.kind == "cpu" and cpu.memory_total
    assert set(cpu.features) & {"AVX2", "NEON", "SSE3", "RISCV_V", "VSX"}
    assert sight.bare_process is not None
    assert 2**23 < sight.bare_process.anonymous < 2**28
    wanted = {"AVX2", "AVX512", "NEON"}
    assert set(machine().isa) & set(cpu.features) & wanted == set(machine().isa) & wanted


def test_an_engine_that_hangs_or_is_not_there_is_one_sentence() -> None:
    assert "no answer within" in engine_sight("llama-cpp", seconds=0.01).problem
    sights = engine_sights(["scripted", "no-such-engine"])
    assert sights["scripted"].problem == "" and sights["scripted"].devices == ()
    assert "no-such-engine" in sights["no-such-engine"].problem


def test_features_are_told_backend_by_backend() -> None:
    said = "CUDA : ARCHS = 890,900 | USE_GRAPHS = 1 | CPU : AVX2 = 1 | AVX512 = 0 | SVE_CNT = 16 | "
    assert features_by_registry(said) == {
        "CUDA": ("ARCHS=890,900", "USE_GRAPHS"),
        "CPU": ("AVX2", "SVE_CNT=16"),
    }
    assert features_by_registry("") == {}


@pytest.mark.parametrize("api", ["cuda", "hip", "vulkan"])
def test_the_readme_has_the_same_commands(api: str) -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert source_build(api, UV) in readme


def found(*programs: str) -> object:
    return lambda program: f"/usr/bin/{program}" if program in programs else None


@pytest.mark.parametrize(
    ("api", "runtime", "wheel"),
    [
        ("cuda", "12.4", "cu124"),
        ("cuda", "12.9", "cu125"),
        ("cuda", "13.1", "cu130"),
        ("cuda", "11.8", "cu118"),
        ("hip", "", "rocm72"),
        ("vulkan", "", "vulkan"),
    ],
)
def test_without_a_toolkit_a_ready_wheel_is_taken(api: str, runtime: str, wheel: str, tmp_path: Path) -> None:
    command = install_command(api, runtime, find=found(), prefix=str(tmp_path))  # type: ignore[arg-type]
    assert command == ready_wheel(
        wheel, f"{tmp_path}/bin/python -m pip install --no-cache-dir --force-reinstall --no-deps"
    )


def test_with_a_toolkit_or_an_old_driver_it_is_built(tmp_path: Path) -> None:
    for runtime, programs in (("12.4", ("nvcc",)), ("10.2", ()), ("", ())):
        command = install_command("cuda", runtime, find=found(*programs), prefix=str(tmp_path))  # type: ignore[arg-type]
        assert command.startswith('CMAKE_ARGS="-DGGML_CUDA=on" ')
    assert install_command("abacus") == ""


def test_an_environment_that_uv_made_is_changed_with_uv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyvenv.cfg").write_text("home = /usr\nuv = 0.9.1\n")
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    command = install_command("cpu", prefix=str(tmp_path))
    assert command.startswith("uv pip install") and f"--python {tmp_path}/bin/python" in command


def test_the_command_is_one_that_a_shell_takes_apart_rightly(tmp_path: Path) -> None:
    prefix = tmp_path / "with space"
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {install_command('cpu', prefix=str(prefix))}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert words[0] == f"{prefix}/bin/python" and words[-1] == "llama-cpp-python>=0.3.36,<0.3.37"
