"""What a model thought before it answered, folded to one line until it is opened."""

from __future__ import annotations

from textual.widgets import Collapsible, Static


class Thoughts(Collapsible):
    """Not there as long as there are none."""

    def __init__(self, text: str = "") -> None:
        self._text = Static(text, markup=False)
        self._shown = text
        super().__init__(self._text, title="Thoughts")
        self.display = bool(text)

    def show(self, text: str) -> None:
        """All of them, as far as they are known."""
        if text != self._shown:
            self._shown = text
            self._text.update(text)
            self.display = bool(text)
