"""Models made smaller through the command: where they appear, what they say of themselves, what is left."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, PATIENCE, Workbench, all_gone, engines_of
from tests.quantization.bare import quantized_bare
from tests.quantization.conftest import GUIDE
from workbench.gguf import read_header


def weights(path: Path) -> bytes:
    return path.read_bytes()[read_header(path).data_offset :]


def making(folder: Path) -> list[Path]:
    """The files that are being written in the folder."""
    return [path for path in folder.glob(".*.making*") if path.stat().st_size]


def test_a_file_appears_where_models_are_and_says_where_it_comes_from(
    workbench: Workbench, tmp_path: Path
) -> None:
    run = workbench("quantize", "guide", "q4_k", "Q8_0", "--tensor-type", r"blk\.\d\.attn_v=Q8_0")
    made, second = map(Path, run.stdout.split())
    assert made == workbench.home / "data" / "models" / "guide-Q4_K_M.gguf"
    listed = {row["name"]: row for row in json.loads(workbench("models", "--json").stdout)}
    assert listed["guide-Q4_K_M"]["quantization"] == "Q4_K_M" and listed["guide-Q8_0"]["path"] == str(second)
    shown = json.loads(workbench("show", "guide-Q4_K_M", "--json").stdout)["provenance"]
    assert shown["source_hashes"] == [hashlib.sha256(GUIDE.read_bytes()).hexdigest()]
    assert (shown["source"], shown["type"]) == ("guide.gguf", "Q4_K_M")
    assert shown["recipe"] == r"--tensor-type 'blk\.\d\.attn_v=Q8_0'"
    assert "workbench" in shown["tools"] and "llama-cpp" in shown["tools"]
    assert weights(second) == weights(quantized_bare(GUIDE, tmp_path / "bare.gguf", ftype=7))


@pytest.mark.slow
def test_plans_are_what_comes_of_them(workbench: Workbench, tmp_path: Path) -> None:
    every = json.loads(workbench("quantize", "guide", "--dry-run", "--json").stdout)["results"]
    assert len(every) > 30 and not list(workbench.home.rglob("*.gguf"))
    planned = {row["type"]: row["size_bytes"] for row in every}
    [made] = json.loads(
        workbench("quantize", "guide", "Q5_0", "-o", str(tmp_path / "new.gguf"), "--json").stdout
    )["results"]
    assert made["size_bytes"] == planned["Q5_0"] == os.path.getsize(made["path"])
    plain = workbench("quantize", "guide", "Q5_0", "-o", str(tmp_path / "plain.gguf"), "--no-provenance")
    assert (tmp_path / "plain.gguf").read_bytes() == quantized_bare(
        GUIDE, tmp_path / "bare.gguf", ftype=8
    ).read_bytes()
    assert "by its path" in plain.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_whatever_ends_it_leaves_nothing(workbench: Workbench, tmp_path: Path, how: signal.Signals) -> None:
    process = workbench.start("quantize", "guide", "IQ3_S", "-o", str(tmp_path / "made" / "new.gguf"))
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "made").exists() or not making(tmp_path / "made"):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    engines = engines_of(process)
    process.send_signal(how)
    assert process.wait(PATIENCE) == (130 if how is signal.SIGINT else -how)
    assert all_gone(engines)
    assert os.listdir(tmp_path / "made") == []


@pytest.mark.slow
def test_what_a_loss_of_power_left_is_removed(workbench: Workbench, tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    left = tmp_path / f".old-Q4_0.{int(gone.stdout)}-0123abcd.making"
    others = tmp_path / f".new-Q4_0.{os.getpid()}-0123abcd.making"
    for path in (left, others):
        path.write_bytes(b"half")
    assert workbench("quantize", "guide", "F16", "-o", f"{tmp_path}/").returncode == 0
    assert not left.exists() and others.exists() and (tmp_path / "guide-F16.gguf").exists()


@pytest.mark.slow
def test_a_full_disk_leaves_nothing(workbench: Workbench, tmp_path: Path) -> None:
    limited = f"ulimit -f 2000; exec {' '.join(COMMAND)} quantize guide Q8_0 -o {tmp_path}/new.gguf"
    run = subprocess.run(
        ["bash", "-c", limited], capture_output=True, text=True, env=workbench.environment, check=False
    )
    assert run.returncode == 11 and "could not be written" in run.stderr
    assert list(tmp_path.glob("*new*")) == []
