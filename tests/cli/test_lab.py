"""`workbench lab`: from a model to a recommended file, and what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, Workbench
from workbench.gguf import read_header


@pytest.mark.slow
@pytest.mark.timeout(960)
def test_a_file_is_made_to_measure(workbench: Workbench, tmp_path: Path) -> None:
    text, small, report = tmp_path / "text.txt", tmp_path / "small.gguf", tmp_path / "lab.html"
    text.write_text("What is Q4_K_M?\nIt names a mix of types.\nFog lay over the water.\n" * 60)
    done = subprocess.run(
        [
            *COMMAND, "lab", "guide", "--size", "3200KiB", "--type", "Q3_K_M", "--type", "Q8_0",
            "--text", str(text), "--context", "128", "--windows", "2",
            "-o", str(small), "--report", str(report), "--json",
        ],
        env=workbench.environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    by_name = {one["model"]: one for one in found["results"]}
    (budget,) = (name for name in by_name if name.startswith("budget-"))
    assert found["recommended"] == budget and set(by_name) == {"Q8_0", "Q3_K_M", budget}
    assert by_name[budget]["kl_mean"] < by_name["Q3_K_M"]["kl_mean"]
    assert by_name[budget]["size_bytes"] == small.stat().st_size <= 3200 * 1024
    types = by_name[budget]["tensor_types"]
    assert len(types) > 1 and sum(types.values()) == 43
    assert {tensor.type.name for tensor in read_header(small).tensors} == {"F32", *types}
    assert budget in report.read_text()
    assert not list(workbench.home.rglob(".lab-*"))


@pytest.mark.slow
def test_what_cannot_be_is_refused(workbench: Workbench, tmp_path: Path) -> None:
    q8 = tmp_path / "q8.gguf"
    assert workbench("quantize", "guide", "Q8_0", "-o", str(q8)).returncode == 0
    for arguments, said in (
        ((str(q8), "--size", "3MiB"), "quantized already"),
        (("guide", "--size", "3MiB", "--fits", "RTX 4070"), "one of --size"),
        (("guide", "--size", "3MiB", "--type", "Q9_9"), "Q9_9"),
        (("guide", "--report", "x.pdf"), "an .html or an .svg"),
    ):
        done = workbench("lab", *arguments)
        assert done.returncode != 0 and said in done.stderr and not done.stdout, (arguments, done.stderr)
