"""`workbench embed`: vectors for programs to read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import Workbench
from tests.llama_cpp.embedding_models import MEAN, encoder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(encoder(tmp_path_factory.mktemp("models") / "embedder.gguf", MEAN))


def test_each_text_gets_a_line(workbench: Workbench, model: str) -> None:
    done = workbench("embed", model, "a house", "zzz", "a house")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    vectors = np.array([row["embedding"] for row in rows])
    assert done.returncode == 0 and [row["index"] for row in rows] == [0, 1, 2]
    assert vectors.shape == (3, 64) and np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[0], vectors[2], atol=1e-5) and not np.allclose(
        vectors[0], vectors[1], atol=1e-4
    )


@pytest.mark.slow
def test_lines_and_files_are_texts_too(workbench: Workbench, model: str, tmp_path: Path) -> None:
    lines = workbench("embed", model, stdin="".join(f"text {number}\n" for number in range(300)))
    assert [json.loads(line)["index"] for line in lines.stdout.splitlines()] == list(range(300))
    (tmp_path / "a.txt").write_text("text 7")
    whole = json.loads(workbench("embed", model, "--in", str(tmp_path / "a.txt"), "--json").stdout)
    (row,) = whole["embeddings"]
    assert whole["tokens"] == 6 and row["source"] == str(tmp_path / "a.txt")
    assert np.allclose(row["embedding"], json.loads(lines.stdout.splitlines()[7])["embedding"], atol=1e-5)


@pytest.mark.slow
def test_what_cannot_be_embedded_is_said(workbench: Workbench, model: str, tmp_path: Path) -> None:
    plain = workbench("embed", "guide", "a")
    assert plain.returncode == 2 and "--pooling" in plain.stderr and not plain.stdout
    assert len(json.loads(workbench("embed", "guide", "a", "--pooling", "mean").stdout)["embedding"]) > 64
    assert "TEXT or --in" in workbench("embed", model, "a", "--in", "b").stderr
    assert "is empty" in workbench("embed", model, "").stderr
