"""`template-lint`: what the target's chat template and vocabulary make of each row."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.datasets.findings import Findings
from workbench.datasets.row import Rejection, Row
from workbench.datasets.target.mask import TokenizedRow
from workbench.datasets.target.operation import TargetOperation
from workbench.datasets.target.remarks import Remark
from workbench.datasets.target.row_checks import row_remarks
from workbench.datasets.target.training_example import TrainOn
from workbench.errors import WorkbenchError


@dataclass
class TemplateLint(TargetOperation):
    """Sets aside rows that the model could not learn from as they are, and tells what others lose.

    With `keep` it sets none aside and tells of all.
    """

    train_on: TrainOn = "all"
    keep: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        remarks = dict[str, Remark]()
        for made in self.each_tokenized(row):
            found = row_remarks(self.target, made) if isinstance(made, TokenizedRow) else [_refusal(made)]
            remarks |= {one.rule: one for one in reversed(found)}
        if found_text := self.target.control.search(row.text):
            remarks["control-token-in-text"] = _steering(found_text[0])
        errors = [remark for remark in remarks.values() if remark.severity == "error"]
        if errors and not self.keep:
            return Rejection(errors[0].rule, errors[0].message)
        if row.images:
            remarks["images-unseen"] = _IMAGES
        for remark in remarks.values():
            findings.add(remark.rule, remark.severity, remark.message, row.origin, remark.remedy)
        return row


def _steering(text: str) -> Remark:
    return Remark(
        "control-token-in-text",
        "error",
        f"It holds {text!r}, which the model reads as a control token.",
        "Break it up, such as by a space, or leave the row out.",
    )


def _refusal(error: WorkbenchError) -> Remark:
    return Remark("refused", "error", error.message, error.remedy)


_IMAGES = Remark(
    "images-unseen",
    "note",
    "What its images are as tokens is not counted.",
    "Leave room for them in the context.",
)
