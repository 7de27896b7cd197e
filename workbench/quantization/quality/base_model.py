"""What a base model expects of a text and answers to prompts, computed once and kept on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
import numpy as np

from workbench.models.transfer.locking import locked
from workbench.ports import ScoredModel
from workbench.quantization.quality import log_probs
from workbench.quantization.quality.answers import Answer, answered
from workbench.quantization.quality.block_file import BlockFile
from workbench.quantization.quality.expectations import log_probs_from
from workbench.quantization.quality.trial import Filling, Subject, Trial
from workbench.quantization.quality.windows import Windows, windows


class _Text(msgspec.Struct, frozen=True):
    """The text as the base reads it: its tokens as 32-bit numbers."""

    tokens: bytes
    first_token: int | None


class Base:
    """Open one within `opened_base`; then nobody else writes to its files."""

    def __init__(self, subject: Subject, trial: Trial, files: tuple[BlockFile, BlockFile, BlockFile]) -> None:
        self.subject = subject
        self.trial = trial
        self._texts, self._windows, self._answers = files
        if self._texts:
            self.windows = self._divided()
        if not self._texts or self._missing:
            with closing(trial.load(subject)) as model:
                self._compute(model)

    def expected(self, window: int) -> log_probs.Expected:
        return log_probs.restored(self._windows[window])

    def answer(self, prompt: int) -> Answer:
        return msgspec.msgpack.decode(self._answers[prompt], type=Answer)

    def reads_alike(self, model: ScoredModel) -> bool:
        """Whether the model makes the same tokens of the text, out of as many."""
        tokens = np.array(model.tokenize(self.trial.text), np.int32).tobytes()
        width = self.expected(0).steps.shape[1]
        return model.vocabulary_size == width and tokens == self._text.tokens

    @property
    def _text(self) -> _Text:
        return msgspec.msgpack.decode(self._texts[0], type=_Text)

    @property
    def _missing(self) -> int:
        prompts = len(self.trial.prompts)
        return max(0, len(self.windows) - len(self._windows)) + prompts - len(self._answers)

    def _divided(self) -> Windows:
        text, trial = self._text, self.trial
        tokens = np.frombuffer(text.tokens, np.int32)
        return windows(tokens, trial.window, text.first_token, trial.most_windows)

    def _compute(self, model: ScoredModel) -> None:
        if not self._texts:
            tokens = np.array(model.tokenize(self.trial.text), np.int32).tobytes()
            self._texts.append(msgspec.msgpack.encode(_Text(tokens, model.first_token)))
        self.windows, prompts = self._divided(), self.trial.prompts
        total = len(self.windows) + len(prompts)
        filling = Filling(self.subject, total, total - self._missing, self.trial.told)

        def answer(number: int) -> bytes:
            return msgspec.msgpack.encode(answered(model, prompts[number]))

        filling.fill(self._windows, len(self.windows), lambda number: self._stored(model, number))
        filling.fill(self._answers, len(prompts), answer)

    def _stored(self, model: ScoredModel, number: int) -> bytes:
        tokens, targets = self.windows.computed(number), self.windows.targets(number)
        found = log_probs_from(model, tokens, self.windows.first)
        parts = [log_probs.Expected.of(each, targets[rows]) for rows, each in found]
        return log_probs.stored(log_probs.joined(parts))


@contextmanager
def opened_base(subject: Subject, trial: Trial) -> Iterator[Base]:
    """Compute what is missing of the base. Raises as Scorer.open, and NoSpace.

    Waits for another process that does the same.
    """
    with (
        locked(trial.folder / "base.lock", lambda: None),
        closing(BlockFile(trial.folder / "text")) as text,
        closing(BlockFile(trial.folder / "base.expected")) as expected,
        closing(BlockFile(trial.answers_file("base"))) as answers,
    ):
        yield Base(subject, trial, (text, expected, answers))
