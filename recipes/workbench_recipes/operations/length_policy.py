"""`length-policy`: what becomes of rows that have more tokens than the target's context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.row import Rejection, Row
from workbench.datasets.target.length_policy import Policy, fitted
from workbench.datasets.target.operation import TargetOperation
from workbench.datasets.target.training_example import TrainingExample, TrainOn, examples_of
from workbench.errors import InvalidModel, InvalidRequest, WorkbenchError


@dataclass
class LengthPolicy(TargetOperation):
    """Leaves out rows of more than `most_tokens`, the model's own context if 0, or cuts chats between turns.

    `policy` is drop; split, into as many rows as it takes; keep-tail, the last turns that fit; or fail.
    """

    most_tokens: int = 0
    policy: Policy = "drop"
    train_on: TrainOn = "all"

    def apply(self, row: Row, findings: Findings) -> Row | Rejection | Sequence[Row]:
        limit = self.most_tokens or self.target.facts.trained_context
        try:
            return self._fitted(row, limit, findings)
        except (InvalidRequest, InvalidModel) as error:
            return Rejection("refused", error.message)

    def _fitted(self, row: Row, limit: int, findings: Findings) -> Row | Rejection | Sequence[Row]:
        longest = max((len(one.tokens) for one in self.tokenized(row)), default=len(self.text_ids(row)))
        if longest <= limit:
            return msgspec.structs.replace(row, token_count=longest)
        if self.policy == "fail":
            raise _TooLong(
                f"{row.origin} has {longest} tokens, of which {limit} fit.",
                "Choose another policy, or a larger most_tokens.",
            )
        too_long = Rejection("too-long", f"It has {longest:,} tokens, of which {limit:,} fit.")
        if not row.messages or self.policy == "drop":
            return too_long
        (example,) = examples_of(row, self.train_on)
        result = fitted(example, self._length, limit, self.policy)
        if result.left_out and result.examples:
            findings.add(
                "turns-left-out",
                "warning",
                f"{result.left_out} of its {len(row.messages)} messages are in no row, as they do not fit.",
                row.origin,
                "Raise most_tokens where they matter.",
            )
        return [
            msgspec.structs.replace(
                row,
                messages=one.conversation.messages,
                weights=one.weights,
                token_count=self._length(one),
            )
            for one in result.examples
        ] or too_long

    def _length(self, example: TrainingExample) -> int:
        (made,) = self.target.tokenized([example])
        return len(made.tokens)


class _TooLong(WorkbenchError):
    """A row that must not be there."""
