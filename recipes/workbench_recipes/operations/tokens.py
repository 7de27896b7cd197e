"""`tokens`: how many tokens each row has for the target, and how many of them are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.row import Rejection, Row
from workbench.datasets.target.operation import TargetOperation
from workbench.datasets.target.training_example import TrainOn, examples_of
from workbench.errors import WorkbenchError


@dataclass
class Tokens(TargetOperation):
    """Notes `tokens` and `trained_tokens` in the row's meta, of several answers those of all together.

    With `labels` also `input_ids` and `labels` of a chat, for formats that write those.
    """

    train_on: TrainOn = "all"
    labels: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        try:
            meta = self._text(row) if row.text else self._conversations(row)
        except WorkbenchError as error:
            return Rejection("refused", error.message)
        return msgspec.structs.replace(row, meta={**row.meta, **meta})

    def _text(self, row: Row) -> Mapping[str, Any]:
        (ids,) = self.target.vocabulary.ids([row.text])
        counted = {"tokens": len(ids), "trained_tokens": len(ids)}
        return {**counted, "input_ids": ids, "labels": ids} if self.labels else counted

    def _conversations(self, row: Row) -> Mapping[str, Any]:
        made = [self.tokenized(example) for example in examples_of(row, self.train_on)]
        counted = {
            "tokens": sum(len(one.tokens) for one in made),
            "trained_tokens": sum(one.trained for one in made),
        }
        if not self.labels or len(made) != 1:
            return counted
        return {**counted, "input_ids": list(made[0].tokens.ids), "labels": made[0].labels}
