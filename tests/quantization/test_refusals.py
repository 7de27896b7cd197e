"""What the command refuses, each with its kind of error and a sentence, and nothing written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.quantization.conftest import GUIDE
from workbench.cli.quantize import quantize
from workbench.errors import WorkbenchError


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["guide"], "usage", "--types lists them"),
        (["guide", "Q4_K_X"], "invalid_request", "Did you mean"),
        (["guide", "Q4_0", "-o", "{taken}"], "invalid_request", "exists already"),
        (["{copy}", "F32", "-o", "{copy}", "--force"], "invalid_request", "the model itself"),
        (["guide", "Q4_0", "-o", "{folder}/new.bin"], "invalid_request", ".gguf"),
        (["guide", "Q4_0", "q4_0"], "invalid_request", "asked for twice"),
        (["guide", "IQ2_XXS"], "invalid_request", "workbench imatrix"),
        (["guide", "Q4_0", "-o", "{taken}/below.gguf"], "failed", "cannot be written"),
        (["{taken}", "Q4_0"], "invalid_model", "GGUF"),
        (["no-such-model", "Q4_0"], "model_not_found", "no model named"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, arguments: list[str], kind: str, said: str) -> None:
    (tmp_path / "taken.gguf").write_bytes(b"something else")
    (tmp_path / "copy.gguf").write_bytes(GUIDE.read_bytes())
    names = {"taken": tmp_path / "taken.gguf", "copy": tmp_path / "copy.gguf", "folder": tmp_path}
    with pytest.raises((WorkbenchError, click.UsageError)) as caught:
        quantize.main([argument.format(**names) for argument in arguments], standalone_mode=False)
    assert said in str(caught.value) and getattr(caught.value, "kind", "usage") == kind
    assert (tmp_path / "taken.gguf").read_bytes() == b"something else"
    assert (tmp_path / "copy.gguf").read_bytes() == GUIDE.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} <= {"taken.gguf", "copy.gguf", "home"}
