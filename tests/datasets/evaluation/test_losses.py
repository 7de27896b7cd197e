"""Losses are those of the trained tokens alone, and differences come with the range they lie in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

import workbench_guide
from workbench.conversation import Conversation, Message
from workbench.datasets.evaluation.losses import (
    RowLoss,
    bits_per_byte_difference,
    gap,
    losses_of,
    per_token_difference,
    row_loss,
)
from workbench.datasets.target.target import Target, open_target
from workbench.datasets.target.training_example import training_example
from workbench.engine_settings import EngineSettings
from workbench.ports import ScoredModel
from workbench.quantization.quality.log_probs import log_softmax
from workbench_llama_cpp.backend import LlamaCppBackend

TALK = Conversation(
    (
        Message("user", "What is GGUF?"),
        Message("assistant", "A file that holds a model."),
        Message("user", "Danke, größer?"),
        Message("assistant", "Ja, größer."),
    )
)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with closing(open_target("guide")) as opened:
        yield opened


@pytest.fixture(scope="module")
def model() -> Iterator[ScoredModel]:
    scorer = LlamaCppBackend().scorer()
    with closing(scorer.open(str(workbench_guide.PATH), EngineSettings(context_length=256))) as opened:
        yield opened


@pytest.mark.parametrize("weights", [(), (1, 1, 1, 0), (1, 0, 1, 1)])
def test_a_row_is_judged_by_its_answers(
    target: Target, model: ScoredModel, weights: tuple[float, ...]
) -> None:
    (row,) = target.tokenized([training_example(TALK, "all", weights)])
    found = row_loss(model, target, row)
    tokens = list(row.tokens.ids)
    nats, text_nats, spoken = 0.0, 0.0, b""
    for place in np.flatnonzero(row.weights).tolist():
        logits = model.extend(tokens[:place], 1, anew=True).copy()
        loss = -float(log_softmax(logits)[0][tokens[place]])
        nats += loss
        if tokens[place] not in target.facts.end_tokens:
            text_nats += loss
            spoken += target.vocabulary.piece(tokens[place])
    assert found.tokens == row.trained
    assert found.nats == pytest.approx(nats, rel=1e-3)
    assert found.text_nats == pytest.approx(text_nats, rel=1e-3)
    answers = [
        message.content for message, weight in zip(TALK.messages, row.example.weights, strict=True) if weight
    ]
    assert spoken.decode() == "".join(answers) and found.text_bytes == len("".join(answers).encode())


def rows(nats: list[float]) -> list[RowLoss]:
    return [RowLoss(10, one, one * 0.9, 40) for one in nats]


def test_differences_are_of_the_same_rows_and_always_the_same() -> None:
    draw = np.random.default_rng(1)
    base = draw.normal(30, 8, 100).tolist()
    before, after = losses_of(rows(base)), losses_of(rows([one - 2 + 0.1 * draw.normal() for one in base]))
    found = per_token_difference(after, before)
    assert found.value == pytest.approx(-0.2, abs=0.01)
    assert found.low < found.value < found.high < 0 and found.high - found.low < 0.01
    assert per_token_difference(after, before) == found
    spread = before.per_token
    assert spread.high - spread.low == pytest.approx(2 * 1.96 * 0.8 / 10, rel=0.25)
    assert bits_per_byte_difference(after, before).value == pytest.approx(
        -2 * 0.9 / 40 / math.log(2), abs=0.002
    )
    nothing = per_token_difference(before, before)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_the_gap_is_between_rows_held_out_and_trained_ones() -> None:
    draw = np.random.default_rng(2)
    held_out, trained = (losses_of(rows(draw.normal(mean, 8, 100).tolist())) for mean in (34, 30))
    found = gap(held_out, trained)
    assert found.value == held_out.per_token.value - trained.per_token.value
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.8 / 10 * math.sqrt(2), rel=0.25)
    assert gap(trained, trained).low < 0 < gap(trained, trained).high
