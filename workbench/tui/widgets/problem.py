"""A failure among the turns, with its remedy."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from workbench.errors import WorkbenchError


class Problem(Static):
    """What went wrong, and what to do about it."""

    def __init__(self, error: WorkbenchError) -> None:
        lines = [Content.styled(error.message, "bold")]
        if error.remedy:
            lines.append(Content.styled(error.remedy, "$foreground 60%"))
        super().__init__(Content("\n").join(lines))
        self.error = error
