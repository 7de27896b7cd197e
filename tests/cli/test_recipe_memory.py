"""`workbench recipe memory`: the formula's answer as a table and as JSON, with its basis."""

from __future__ import annotations

import json

from tests.cli.process import Workbench


def test_methods_and_trainers_with_their_basis(workbench: Workbench) -> None:
    told = json.loads(
        workbench("recipe", "memory", "guide", "--tokens", "100", "--batch", "2", "--json").stdout
    )
    assert (told["basis"], told["tokens"]) == ("formula", 200)
    by = {(row["method"], row["trainer"]): row for row in told["results"]}
    assert (
        by["full", "trl"]["total_bytes"]
        > by["lora", "trl"]["total_bytes"]
        > by["qlora", "trl"]["total_bytes"]
    )
    assert ("qlora", "mlx-lm") not in by
    done = workbench("recipe", "memory", "guide")
    assert done.returncode == 0 and "unsloth" in done.stdout and "not measured" in done.stderr
