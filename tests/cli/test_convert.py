"""`workbench convert` as a person types it: a path on standard output, the rest on standard error."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.process import Workbench
from tests.conversion import folders
from tests.conversion.test_adapters import adapter
from tests.conversion.test_converting import value_of


def test_what_was_pulled_can_be_converted_and_run(workbench: Workbench, tmp_path: Path) -> None:
    repository = workbench.home / "hugging-face" / "hub" / "models--org--tiny"
    folders.llama(repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    path = tmp_path / "tiny.gguf"
    made = workbench("convert", "org/tiny", "-o", str(path), "--type", "q8_0")
    assert (made.returncode, made.stdout) == (0, f"{path}\n"), made.stderr
    assert "llama, Q8_0" in made.stderr
    assert value_of(path, "general.name") == "tiny"
    ran = workbench("run", str(path), "Hello", "--max-tokens", "3", "--context", "64")
    assert ran.returncode == 0, ran.stderr


def test_an_adapter_is_told_by_its_folder(workbench: Workbench, tmp_path: Path) -> None:
    base = folders.llama(tmp_path / "Tiny")
    lora, _ = adapter(tmp_path / "Lora")
    path = tmp_path / "lora.gguf"
    made = workbench("convert", str(lora), "--base", str(base), "-o", str(path), "--json")
    document = json.loads(made.stdout)
    assert (document["path"], document["architecture"], document["tensors"]) == (str(path), "llama LoRA", 8)
    refused = workbench("convert", str(base), "--merge", str(base))
    assert refused.returncode == 2
    assert "go with the folder of a LoRA adapter" in refused.stderr
