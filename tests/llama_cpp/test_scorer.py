"""The scorer's process: its logits are llama.cpp's own, and whatever ends it is told in a sentence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

import workbench_guide
from tests.llama_cpp.embedding_models import encoder
from tests.llama_cpp.tiny_models import llama, lora
from workbench.backend import TokenRequest
from workbench.engine_settings import EngineSettings, Lora
from workbench.errors import ContextExceeded, EngineDied, InvalidRequest, Unsupported, WorkbenchError
from workbench.ports import ScoredModel
from workbench.quantization.quality.log_probs import log_softmax
from workbench_llama_cpp.backend import LlamaCppBackend

GUIDE = str(workbench_guide.PATH)
SETTINGS = EngineSettings(context_length=256)


@pytest.fixture
def model() -> Iterator[ScoredModel]:
    opened = LlamaCppBackend().scorer().open(GUIDE, SETTINGS)
    yield opened
    opened.close()


def process_of() -> psutil.Process:
    (found,) = (
        one for one in psutil.Process().children() if "workbench_llama_cpp.scoring" in str(one.cmdline())
    )
    return found


def test_logits_are_those_that_answers_are_drawn_by(model: ScoredModel) -> None:
    tokens = model.tokenize("The rain had stopped, and Ada walked to the")
    whole = model.extend(tokens, 5, anew=True).copy()
    assert whole.shape == (5, model.vocabulary_size)
    model.extend(tokens[:-2], 0, anew=True)
    assert np.abs(model.extend(tokens[-2:], 2) - whole[-2:]).max() < 1e-3

    engine = LlamaCppBackend().open(GUIDE, SETTINGS, lambda share: True)
    assert engine.tokenize("The rain had stopped, and Ada walked to the", add=True) == tokens
    engine.enqueue(TokenRequest(id=1, prompt=tuple(tokens), max_tokens=1, logprobs=3))
    drawn = [event for _ in range(4) for event in engine.step() if getattr(event, "logprobs", None)]
    engine.close()
    expected = log_softmax(whole[-1:])[0]
    (sampled,) = (event.logprobs for event in drawn)  # type: ignore[union-attr]
    likeliest = np.sort(expected)[::-1][:3]
    assert [one.logprob for one in sampled.top] == pytest.approx(likeliest.tolist(), abs=1e-3)


def test_an_adapter_changes_what_is_expected(tmp_path: Path) -> None:
    base, adapter = str(llama(tmp_path / "base.gguf")), str(lora(tmp_path / "adapter.gguf"))

    def logits(*adapters: Lora) -> NDArray[np.float32]:
        opened = LlamaCppBackend().scorer().open(base, EngineSettings(context_length=64, lora=adapters))
        with closing(opened):
            return opened.extend([5, 6, 7], 1, anew=True).copy()

    plain = logits()
    assert np.abs(logits(Lora(adapter)) - plain).max() > 0.01
    assert np.abs(logits(Lora(adapter, scale=0.0)) - plain).max() < 1e-4


def test_what_is_known_of_the_model(model: ScoredModel) -> None:
    assert model.chat_template is not None and "<|im_end|>" in model.chat_template
    assert model.first_token is None and model.end_tokens
    assert model.name == "guide.gguf"


@pytest.mark.parametrize(
    ("tokens", "outputs", "error"),
    [([5] * 257, 1, ContextExceeded), ([10**6], 1, InvalidRequest), ([5], 2, InvalidRequest)],
)
def test_what_cannot_be_computed_is_refused_and_harms_nothing(
    model: ScoredModel, tokens: list[int], outputs: int, error: type[WorkbenchError]
) -> None:
    with pytest.raises(error):
        model.extend(tokens, outputs, anew=True)
    assert model.extend([5, 6], 1, anew=True).shape == (1, model.vocabulary_size)


def test_a_process_that_ends_is_told_of(model: ScoredModel) -> None:
    process_of().send_signal(signal.SIGKILL)
    with pytest.raises(EngineDied, match="signal 9"):
        model.extend([5, 6], 1, anew=True)


def test_closing_ends_the_process(model: ScoredModel) -> None:
    process = process_of()
    os.kill(process.pid, signal.SIGINT)
    assert model.extend([5, 6], 1, anew=True).size
    model.close()
    assert not process.is_running()


def test_what_has_no_logits_or_no_meaning_is_refused(tmp_path: Path) -> None:
    scorer = LlamaCppBackend().scorer()
    with pytest.raises(Unsupported, match="continue text"):
        scorer.open(str(encoder(tmp_path / "bert.gguf")), SETTINGS)
    with pytest.raises(Unsupported, match="pooling"):
        scorer.open(GUIDE, EngineSettings(pooling="mean"))
    (tmp_path / "no.gguf").write_bytes(b"GGUF, perhaps")
    with pytest.raises(WorkbenchError):
        scorer.open(str(tmp_path / "no.gguf"), SETTINGS)
    assert not [one for one in psutil.Process().children() if "scoring" in str(one.cmdline())]
