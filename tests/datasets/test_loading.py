"""What recipes write is loaded by Hugging Face's `datasets`, as trainers load it, and is the same there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.datasets.planting import made, planted, rows_in
from tests.datasets.rows_of_kinds import write

pytestmark = pytest.mark.slow


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    import datasets

    return lambda *arguments, **options: datasets.load_dataset(
        *arguments, cache_dir=str(tmp_path / "cache"), **options
    )


@pytest.mark.filterwarnings("ignore")
def test_the_folder_is_a_dataset_with_its_splits(load: Any, tmp_path: Path) -> None:
    outcome = made("sft-chat", planted(200).write(tmp_path / "rows.jsonl"), target=tmp_path / "set")
    loaded = load(str(tmp_path / "set"))
    assert {name: len(rows) for name, rows in loaded.items()} == {
        "train": outcome.splits["train"],
        "validation": outcome.splits["valid"],
    }
    assert list(loaded["train"]) == rows_in(tmp_path / "set" / "messages" / "train.jsonl")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "formats"),
    [
        ("chat", ("trl", "unsloth", "axolotl", "openai", "mlx-lm", "parquet")),
        ("preference", ("trl", "axolotl", "openai", "parquet")),
        ("kto", ("trl", "axolotl", "parquet")),
        ("text", ("trl", "axolotl", "mlx-lm", "parquet")),
    ],
)
def test_rows_of_every_kind_are_loaded_whole(
    load: Any, tmp_path: Path, kind: str, formats: tuple[str, ...]
) -> None:
    made("convert", write(kind, tmp_path / "rows.jsonl"), target=tmp_path / "set", formats=formats)
    for name in formats:
        ending, builder = ("parquet", "parquet") if name == "parquet" else ("jsonl", "json")
        loaded = load(builder, data_files=str(tmp_path / "set" / name / f"train.{ending}"), split="train")
        assert len(loaded) == 20
        if name != "parquet":
            written = rows_in(tmp_path / "set" / name / "train.jsonl")
            assert [_without_nothing(row) for row in loaded] == written


def _without_nothing(value: Any) -> Any:
    """Without the fields that are null: a table has all of them in every row."""
    if isinstance(value, dict):
        return {name: _without_nothing(one) for name, one in value.items() if one is not None}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value
