"""A set that sft-chat made teaches a small model what is in it, on rows that were held out as well."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench_guide
from tests.conversion.llama_cpp_answers import Model
from tests.finetuning.evaluating import evaluated
from tests.finetuning.lessons import GENERATION_TEMPLATE, known, lesson
from tests.finetuning.training import trained
from tests.finetuning.twin import twin
from workbench.conversion.converting import Choices, convert


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return twin(tmp_path / "twin", GENERATION_TEMPLATE)


def test_the_twin_computes_as_the_bundled_model_does(tmp_path: Path) -> None:
    back = convert(twin(tmp_path / "twin"), Choices(output=tmp_path / "back.gguf"), lambda *progress: None)
    with Model(workbench_guide.PATH) as bundled, Model(back.path) as made:
        tokens = bundled.tokens("What is GGUF? Größe 12.")
        assert made.tokens("What is GGUF? Größe 12.") == tokens
        expected = bundled.logits(tokens)
        assert abs(made.logits(tokens) - expected).max() < 1e-3 * abs(expected).max()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("lora", "epochs"), [(False, 6), (True, 6)], ids=["whole", "LoRA"])
def test_what_a_set_teaches_is_learned_and_shown_by_evaluate(
    model: Path, tmp_path: Path, lora: bool, epochs: int
) -> None:
    rows = lesson(tmp_path / "lesson", workbench_guide.PATH)
    tuned = trained(model, [rows / "train.jsonl"], tmp_path / "tuned", epochs=epochs, lora=lora)
    told = evaluated(tuned, rows, known(tmp_path)[1], tmp_path, most=40)
    held_out, answers = told["losses"]["held_out"], told["answers"]
    assert held_out["difference"]["loss"]["high"] < -5 and held_out["tuned"]["loss"]["high"] < 1
    assert answers["base"]["exact"]["value"] == 0 and answers["tuned"]["exact"]["low"] > 0.3
    assert answers["base"]["schema"]["value"] == 0 and answers["tuned"]["schema"]["low"] > 0.7
    assert answers["tuned"]["stopped"]["low"] > 0.7
    assert told["gap"]["tuned"]["value"] < 0.2
    known_before = told["regression"]["lost"]["rows"]
    assert known_before > 20 and known_before == told["regression"]["kept"] + len(
        told["regression"]["lost_rows"]
    )
