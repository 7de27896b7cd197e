"""What operations noticed: for each rule how often, with a few examples, and what to do about it.

Knows no rule. Findings of parts are added up, in the order of the parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field

from workbench.datasets.row import Origin

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_MOST_EXAMPLES = 5
_MOST_LETTERS = 300


class Example(Struct, frozen=True):
    """One row that a rule speaks of, and the sentence about it."""

    origin: Origin
    message: str


class Finding(Struct):
    """What one rule found. An error makes a row unfit, a warning may, a note only tells."""

    rule: str
    severity: Severity
    remedy: str = ""
    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Findings:
    """Findings by rule."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._by_rule: dict[str, Finding] = {}
        for finding in found:
            self.merge(finding)

    def add(self, rule: str, severity: Severity, message: str, origin: Origin, remedy: str = "") -> None:
        """One more row of which the rule speaks; `rule` is a name such as "no-terminator"."""
        finding = self._of(rule, severity, remedy)
        finding.count += 1
        if len(finding.examples) < _MOST_EXAMPLES:
            finding.examples.append(Example(origin, message[:_MOST_LETTERS]))

    def count(self, rule: str, rows: int) -> None:
        """Further rows of a rule that was told of."""
        self._by_rule[rule].count += rows

    def merge(self, other: Finding) -> None:
        finding = self._of(other.rule, other.severity, other.remedy)
        finding.count += other.count
        finding.examples.extend(other.examples[: _MOST_EXAMPLES - len(finding.examples)])

    def all(self) -> list[Finding]:
        """Errors first, then warnings and notes, each by rule."""
        return sorted(self._by_rule.values(), key=lambda one: (SEVERITIES.index(one.severity), one.rule))

    def _of(self, rule: str, severity: Severity, remedy: str) -> Finding:
        return self._by_rule.setdefault(rule, Finding(rule, severity, remedy))
