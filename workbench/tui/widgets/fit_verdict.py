"""Whether it fits, by whose word, and what would help, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from workbench import wording
from workbench.planning.advice import sentence
from workbench.tui.fitting import Outlook

_BASIS = {"formula": "predicted by the formula", "dry run": "predicted by the engine's own layout"}


class FitVerdict(Static):
    """Says what it is told in place of a verdict where there is none."""

    def __init__(self, text: str) -> None:
        super().__init__(text, id="verdict", markup=False)

    def show(self, outlook: Outlook, notes: Sequence[str]) -> None:
        said = sentence(outlook.verdict, helped=bool(outlook.changes))
        basis = (f"  {_BASIS[outlook.estimate.basis]}", "$foreground 60%")
        ways = [f"  {one.flags}  ({wording.size(one.estimate.total_bytes)})" for one in outlook.changes]
        lines = [Content.assemble((said, "bold"), basis), *map(Content, ways)]
        lines += [Content.styled(note, "$foreground 60%") for note in notes]
        self.update(Content("\n").join(lines))
