"""Compare models with their base, and go on where an earlier run stopped.

A model is loaded only where something is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from workbench.errors import InvalidRequest
from workbench.ports import ScoredModel
from workbench.quantization.quality import divergence
from workbench.quantization.quality.answers import Agreement, agreed, agreement
from workbench.quantization.quality.base_model import Base
from workbench.quantization.quality.block_file import BlockFile
from workbench.quantization.quality.divergence import TokenScores
from workbench.quantization.quality.expectations import log_probs_from
from workbench.quantization.quality.figures import Figures, figures
from workbench.quantization.quality.trial import Filling, Subject


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one model; `answers` is None where nothing was asked."""

    subject: Subject
    figures: Figures
    answers: Agreement | None


def of_base(base: Base) -> Result:
    """The base beside itself."""
    scores = [divergence.of_base(base.expected(number)) for number in range(len(base.windows))]
    return Result(base.subject, figures(TokenScores.joined(scores)), None)


def compared(base: Base, subject: Subject) -> Result:
    """Raises InvalidRequest for a model that reads the text as other tokens, and as Scorer.open."""
    windows, prompts = len(base.windows), len(base.trial.prompts)
    with _files(base, subject) as (scores, answers):
        if len(scores) < windows or len(answers) < prompts:
            with closing(base.trial.load(subject)) as model:
                _compute(base, subject, model, scores, answers)
        found = TokenScores.joined([TokenScores.restored(scores[number]) for number in range(windows)])
        counts = [int.from_bytes(answers[number], "little") for number in range(prompts)]
    asked = [base.answer(number) for number in range(prompts)]
    return Result(subject, figures(found), agreement(counts, asked) if prompts else None)


@contextmanager
def _files(base: Base, subject: Subject) -> Iterator[tuple[BlockFile, BlockFile]]:
    scores = base.trial.folder / f"{subject.digest}.scores"
    answers = base.trial.answers_file(subject.digest)
    with closing(BlockFile(scores)) as first, closing(BlockFile(answers)) as second:
        yield first, second


def _compute(base: Base, subject: Subject, model: ScoredModel, scores: BlockFile, answers: BlockFile) -> None:
    if not base.reads_alike(model):
        raise InvalidRequest(
            f"{subject.name} reads the text as other tokens than {base.subject.name} does, "
            "so what they expect cannot be compared.",
            "Compare models that were made of the same one.",
        )
    windows, prompts = len(base.windows), len(base.trial.prompts)
    done = min(len(scores), windows) + len(answers)
    filling = Filling(subject, windows + prompts, done, base.trial.told)

    def agreeing(number: int) -> bytes:
        return agreed(model, base.answer(number)).to_bytes(4, "little")

    filling.fill(scores, windows, lambda number: _scores(base, model, number).stored())
    filling.fill(answers, prompts, agreeing)


def _scores(base: Base, model: ScoredModel, number: int) -> TokenScores:
    expected, targets = base.expected(number), base.windows.targets(number)
    found = log_probs_from(model, base.windows.computed(number), base.windows.first)
    parts = [divergence.compared(expected[rows], each, targets[rows]) for rows, each in found]
    return TokenScores.joined(parts)
