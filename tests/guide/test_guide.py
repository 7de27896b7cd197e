"""The bundled model: its shape, what it answers, and that it was never taught its examination."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import workbench_guide
from workbench.gguf import read_header

TRAINING = Path(workbench_guide.__file__).parents[1] / "guide_training"
HEADER = read_header(workbench_guide.PATH)


@pytest.fixture
def training_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training scripts import one another by their plain names."""
    monkeypatch.syspath_prepend(str(TRAINING))


def test_every_quantization_applies_to_its_shape() -> None:
    assert HEADER.architecture == "llama" and HEADER.quantization == "F16"
    assert 10e6 <= HEADER.file_size <= 15e6
    rows = {tensor.shape[0] for tensor in HEADER.tensors if len(tensor.shape) == 2}
    assert rows and all(row % 256 == 0 for row in rows)


def test_it_brings_its_template_and_its_end_of_turn() -> None:
    assert HEADER.chat_template and "<|im_start|>" in HEADER.chat_template
    tokens = HEADER.metadata["tokenizer.ggml.tokens"]
    assert tokens[HEADER.number("tokenizer.ggml.eos_token_id")] == "<|im_end|>"  # type: ignore[index]


@pytest.mark.slow
def test_it_answers_as_well_as_its_card_says() -> None:
    """All known questions, at least 80% of unseen paraphrases, at least 85% of outside questions."""
    result = subprocess.run(
        [sys.executable, "evaluate.py"], cwd=TRAINING, capture_output=True, text=True, timeout=110
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_examination_is_large_enough(training_modules: None) -> None:
    from questions import load_outside_questions, load_paraphrases, load_topics

    topics, paraphrases = load_topics(), load_paraphrases()
    assert len(topics) >= 60 and len({topic.question for topic in topics}) == len(topics)
    assert set(paraphrases) == {topic.id for topic in topics}
    assert min(len(sentences) for sentences in paraphrases.values()) >= 3
    assert len(load_outside_questions()) >= 100


def test_training_never_sees_the_examination(training_modules: None) -> None:
    from corpus import load_corpus
    from phrasing import normalise
    from questions import held_out_keys, load_topics

    held_out, corpus = held_out_keys(), load_corpus(seed=3)
    assert not held_out & {normalise(topic.question) for topic in load_topics()}
    assert not held_out & {normalise(corpus.turn().question) for _ in range(3000)}
