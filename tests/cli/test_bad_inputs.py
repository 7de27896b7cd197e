"""Files and settings that cannot work: one sentence, one remedy, one exit code, for each command."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

import workbench_guide
from tests.cli.process import Workbench

COMMANDS = [("run", "hello"), ("chat",), ("bench",), ("serve",)]


@pytest.fixture(params=COMMANDS, ids=lambda command: command[0])
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    parameters: tuple[str, ...] = request.param
    return parameters


def refused(
    workbench: Workbench, command: tuple[str, ...], model: Path | str, *flags: str
) -> tuple[int, str]:
    name, *rest = command
    done = workbench(name, str(model), *rest, *flags)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    message, _, remedy = done.stderr.partition("\n")
    assert message.endswith(".") and remedy.strip()
    return done.returncode, message


def test_no_such_file(workbench: Workbench, command: tuple[str, ...], tmp_path: Path) -> None:
    code, message = refused(workbench, command, tmp_path / "missing.gguf")
    assert code == 3
    assert message == f"There is no file {tmp_path / 'missing.gguf'}."


def test_not_a_gguf(workbench: Workbench, command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "text.gguf"
    file.write_text("These are words, not weights.\n" * 100)
    code, message = refused(workbench, command, file)
    assert code == 4
    assert "is not a GGUF file" in message


def test_a_truncated_file(workbench: Workbench, command: tuple[str, ...], tmp_path: Path) -> None:
    whole = workbench_guide.PATH.read_bytes()
    file = tmp_path / "half.gguf"
    file.write_bytes(whole[: len(whole) // 2])
    code, message = refused(workbench, command, file)
    assert code == 4
    assert "is truncated" in message


def test_an_unknown_architecture(workbench: Workbench, command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "strange.gguf"
    writer = gguf.GGUFWriter(file, "frobnicator")
    writer.add_tensor("token_embd.weight", np.zeros((32, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    code, message = refused(workbench, command, file)
    assert code == 4
    assert "frobnicator" in message


def test_a_context_too_large_for_the_memory(workbench: Workbench) -> None:
    code, message = refused(workbench, ("run", "hello"), "guide", "--context", "100000000")
    assert code == 5
    assert "GiB" in message


def test_a_quantized_v_cache_without_flash_attention(workbench: Workbench, command: tuple[str, ...]) -> None:
    flags = ("--kv-type", "f16,q8_0", "--flash-attention", "off")
    code, message = refused(workbench, command, "guide", *flags)
    assert code == 2
    assert "flash attention" in message


def test_an_unknown_name_suggests_the_nearest(workbench: Workbench) -> None:
    done = workbench("run", "giude", "hello")
    assert done.returncode == 3
    assert "Did you mean guide?" in done.stderr


def test_an_unknown_engine(workbench: Workbench) -> None:
    done = workbench("run", "guide", "hello", "--backend", "nothing")
    assert done.returncode == 6
    assert "llama-cpp" in done.stderr
