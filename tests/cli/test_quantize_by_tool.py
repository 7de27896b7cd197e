"""Folders that tools of other engines make, run as a person runs them; the tools are doubles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.process import COMMAND, PATIENCE, Workbench, all_gone
from tests.conversion.folders import llama
from tests.quantization.tools.doubles import installed
from workbench.quantize_tool import ToolRequest
from workbench_exllama.converters import Exl2Converter


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = llama(tmp_path / "Tiny")
    (folder / "chat_template.jinja").write_text("<|im_start|>{{ messages[0]['content'] }}")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, str]:
    return installed(tmp_path / "tools")


def quantization(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "config.json").read_text())["quantization_config"]
    return found


@pytest.mark.parametrize("kind", ["EXL2", "exl3"])
def test_a_folder_appears_whole_with_the_bits_asked_for(
    kind: str, workbench: Workbench, source: Path, tools: dict[str, str], tmp_path: Path
) -> None:
    run = workbench("quantize", str(source), kind, "--bits", "3.5", "-o", str(tmp_path / "made"), **tools)
    assert run.returncode == 0 and run.stdout.split() == [str(tmp_path / "made")]
    assert quantization(tmp_path / "made") == {"quant_method": kind.lower(), "bits": 3.5, "begun": 0}
    assert not list(tmp_path.glob(".made*"))


def test_mlc_gets_weights_and_the_template_that_the_model_speaks(
    workbench: Workbench, source: Path, tools: dict[str, str]
) -> None:
    told = json.loads(workbench("quantize", str(source), "q4f16_1", "--json", **tools).stdout)
    folder = Path(told["results"][0]["path"])
    assert folder == workbench.home / "data" / "models" / "Tiny-q4f16_1"
    assert json.loads((folder / "mlc-chat-config.json").read_text()) == {"conv_template": "chatml"}
    assert (folder / "params_shard_0.bin").is_file()


@pytest.mark.parametrize("kind", ["EXL2", "EXL3"])
def test_what_failed_says_so_and_goes_on_where_it_stopped(
    kind: str, workbench: Workbench, source: Path, tools: dict[str, str], tmp_path: Path
) -> None:
    order = ("quantize", str(source), kind, "-o", str(tmp_path / "made"))
    failed = workbench(*order, **tools, FAIL="1")
    assert failed.returncode == 7 and "the same command goes on" in failed.stderr
    assert not (tmp_path / "made").exists()
    assert workbench(*order, **tools).returncode == 0
    assert (quantization(tmp_path / "made")["begun"], kind) in [(1, "EXL3"), (0, "EXL2")]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interruption_ends_the_tool(
    how: signal.Signals, workbench: Workbench, source: Path, tools: dict[str, str], tmp_path: Path
) -> None:
    order = ("quantize", str(source), "EXL3", "-o", str(tmp_path / "made"))
    environment = {**workbench.environment, **tools, "PAUSE": str(PATIENCE)}
    started = subprocess.Popen(
        [*COMMAND, *order], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    checkpoint = tmp_path / ".made.EXL3-usual.making" / "scratch" / "ckpt" / "job.json"
    until = time.monotonic() + PATIENCE
    while not (checkpoint.is_file() and json.loads(checkpoint.read_text() or "{}").get("next_module_idx")):
        assert time.monotonic() < until and started.poll() is None
        time.sleep(0.05)
    children = psutil.Process(started.pid).children(recursive=True)
    assert children
    os.kill(started.pid, how)
    started.communicate(timeout=PATIENCE)
    assert all_gone(children) and not (tmp_path / "made").exists()
    assert workbench(*order, **tools).returncode == 0
    assert quantization(tmp_path / "made")["begun"] == 1


def test_without_the_tool_the_command_that_installs_it_is_told(workbench: Workbench, source: Path) -> None:
    for kind, said in (("EXL3", "pip install torch exllamav3"), ("q4f16_1", "mlc.ai/wheels")):
        run = workbench("quantize", str(source), kind)
        assert run.returncode == 6 and "not installed" in run.stderr and said in run.stderr
    assert "EXL3" in workbench("quantize", "--types").stdout


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"rope_parameters": {"rope_theta": 500000}}, "rope_parameters"),
        ({"architectures": ["Qwen3_5ForCausalLM"]}, "does not know Qwen3_5ForCausalLM"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantized already"),
    ],
)
def test_what_exllamav2_would_spoil_is_refused(
    config: dict[str, object], said: str, workbench: Workbench, tools: dict[str, str], tmp_path: Path
) -> None:
    folder = llama(tmp_path / "Odd", config=config)
    run = workbench("quantize", str(folder), "EXL2", "-o", str(tmp_path / "made"), **tools)
    assert run.returncode != 0 and said in run.stderr
    assert not (tmp_path / "made").exists()


def test_options_that_do_nothing_are_refused(
    workbench: Workbench, source: Path, tools: dict[str, str], tmp_path: Path
) -> None:
    assert "--pure is for GGUF files" in workbench("quantize", str(source), "EXL3", "--pure", **tools).stderr
    assert "--bits is for EXL2" in workbench("quantize", "guide", "Q4_0", "--bits", "4").stderr
    assert "is no GGUF file" in workbench("quantize", str(source), "Q4_0").stderr
    assert "bits in its name" in workbench("quantize", str(source), "q4f16_1", "--bits", "4", **tools).stderr
    assert "no type of GGUF files" in workbench("quantize", "guide", "EXL3", **tools).stderr


def test_a_line_tells_how_far_it_is(source: Path, tmp_path: Path) -> None:
    tool = Exl2Converter()
    tool.steps(ToolRequest(source=source, target=tmp_path, scratch=tmp_path / "s", type="EXL2"))
    assert tool.share(" -- Layer: model.layers.1 (MLP)") == 0.5
    assert tool.share(" -- Tokenizing samples...") is None
