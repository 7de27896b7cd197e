"""`tokens`: the tokens of each row for the target, and which of them are trained."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from workbench.datasets.findings import Findings
from workbench.datasets.row import Rejection, Row, RowTokens
from workbench.datasets.target.operation import TargetOperation
from workbench.datasets.target.training_example import TrainOn
from workbench.errors import WorkbenchError


@dataclass
class Tokens(TargetOperation):
    """Gives texts, and conversations with one answer to learn, their tokens, for formats that write those.

    The last chunk of a document ends with the token that ends texts. `pack_to` is how many tokens the packs
    of such a format hold; a longer row has one for itself.
    """

    train_on: TrainOn = "all"
    pack_to: int = 4096

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        try:
            tokens = self._of_text(row) if row.text else self._of_chat(row)
        except WorkbenchError as error:
            return Rejection("refused", error.message)
        if tokens is None:
            return Rejection("kind", "Answers that are compared or judged have no tokens of their own.")
        return msgspec.structs.replace(row, tokens=tokens, token_count=len(tokens.input_ids))

    def _of_text(self, row: Row) -> RowTokens:
        ids = list(self.text_ids(row))
        if "chunk" in row.meta and row.meta["chunk"] == row.meta.get("chunks"):
            facts = self.target.facts
            end = facts.own_tokens.get(facts.special_tokens.get("eos_token", ""))
            ids += [end] if end is not None and ids[-1:] != [end] else []
        return RowTokens(tuple(ids), tuple(ids), self.pack_to)

    def _of_chat(self, row: Row) -> RowTokens | None:
        if not row.messages:
            return None
        (made,) = self.tokenized(row)
        return RowTokens(made.tokens.ids, tuple(made.labels), self.pack_to)
