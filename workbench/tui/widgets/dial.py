"""One setting as a line: its name, its value between two arrows, and how far along its values that is.

Left and right go to the next value, digits write one, and the mouse takes hold of arrows and bar. Knows
nothing of what is set.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from workbench.tui.widgets.bar import bar

_TITLE, _VALUE = 16, 11
_BAR_AT = _TITLE + _VALUE + 4


class Dial(Widget, can_focus=True):
    """`stops` are the values in order; a number between the first and the last may be written as well."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Less", show=False),
        Binding("right", "step(1)", "More", show=False),
        Binding("home", "go(0)", "Least", show=False),
        Binding("end", "go(-1)", "Most", show=False),
        Binding("up", "app.focus_previous", "Up", show=False),
        Binding("down", "app.focus_next", "Down", show=False),
    ]
    value: reactive[int | str] = reactive("", init=False)

    @dataclass
    class Changed(Message):
        """A person changed the value."""

        name: str
        value: int | str

    def __init__(self, name: str, title: str, stops: Sequence[int | str], value: int | str) -> None:
        super().__init__(name=name, id=name.replace("_", "-"))
        self.title = title
        self.stops = list(stops)
        self._numbers = [stop for stop in stops if isinstance(stop, int)]
        self._written = ""
        self.set_reactive(Dial.value, value)

    def render(self) -> Content:
        value = f"{self.value:,}" if isinstance(self.value, int) else self.value
        return Content.assemble(
            (f"{self.title:<{_TITLE}}", "bold" if self.has_focus else "$foreground 60%"),
            ("◂ ", "$accent"),
            (f"{value:^{_VALUE}}", "bold" if self.has_focus else ""),
            (" ▸", "$accent"),
            " ",
            bar(self._share, max(0, self.size.width - _BAR_AT - 1)),
        )

    @property
    def _share(self) -> float:
        return self._place / max(1, len(self.stops) - 1)

    @property
    def _place(self) -> int:
        if isinstance(self.value, str):
            return self.stops.index(self.value) if self.value in self.stops else 0
        return min(bisect_left(self._numbers, self.value), len(self.stops) - 1)

    def action_step(self, by: int) -> None:
        place = self._place + by
        if isinstance(self.value, int) and by > 0:
            place = bisect_right(self._numbers, self.value)
        self._take(self.stops[min(max(0, place), len(self.stops) - 1)])

    def action_go(self, place: int) -> None:
        self._take(self.stops[place])

    def on_key(self, event: Key) -> None:
        if not isinstance(self.value, int):
            return
        if event.character and event.character.isdigit():
            self._write(self._written + event.character)
        elif event.key == "backspace":
            self._write((self._written or str(self.value))[:-1])
        else:
            return
        event.stop()

    def on_blur(self) -> None:
        self._written = ""

    def on_click(self, event: Click) -> None:
        if event.x >= _BAR_AT:
            share = (event.x - _BAR_AT) / max(1, self.size.width - _BAR_AT - 2)
            self._take(self.stops[min(round(share * (len(self.stops) - 1)), len(self.stops) - 1)])
        elif event.x >= _TITLE:
            self.action_step(-1 if event.x < _TITLE + 2 + _VALUE // 2 else 1)

    def _write(self, digits: str) -> None:
        self._written = digits[-9:]
        written = int(self._written or 0)
        if self._numbers[0] <= written <= self._numbers[-1]:
            self._change(written)

    def _take(self, value: int | str) -> None:
        self._written = ""
        self._change(value)

    def _change(self, value: int | str) -> None:
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(str(self.name), value))
