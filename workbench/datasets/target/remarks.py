"""What the checks say of a row or of a template: the rule, how bad it is, a sentence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.datasets.findings import Severity


@dataclass(frozen=True, slots=True)
class Remark:
    """An error makes a row unfit, a warning may, a note only tells."""

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
