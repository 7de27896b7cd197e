"""A field for each sampling setting. Knows nothing of what is made of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from workbench.errors import WorkbenchError
from workbench.sampling import SamplingSettings

FIELDS = {
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "min_p": "min-p",
    "typical_p": "typical-p",
    "repeat_penalty": "repeat penalty",
    "frequency_penalty": "frequency penalty",
    "presence_penalty": "presence penalty",
    "dry_multiplier": "DRY multiplier",
    "xtc_probability": "XTC probability",
    "xtc_threshold": "XTC threshold",
    "mirostat": "mirostat",
}
_WHOLE = {field.name for field in fields(SamplingSettings) if field.type == "int"}
_USUAL: dict[str, float] = {name: getattr(SamplingSettings(), name) for name in FIELDS}


class SamplingFields(VerticalScroll):
    """One line for each; up and down go from one to the next."""

    can_focus = False

    @dataclass
    class Changed(Message):
        """Something was typed. `settings` is None where that is no setting, and `problem` says why."""

        settings: SamplingSettings | None
        problem: str = ""

    def __init__(self, settings: SamplingSettings) -> None:
        super().__init__()
        self._settings = settings

    def compose(self) -> ComposeResult:
        for name, title in FIELDS.items():
            with Horizontal(classes="field"):
                yield Static(title, classes="title", markup=False)
                yield Input(_written(getattr(self._settings, name)), id=name, compact=True)

    def show(self, settings: SamplingSettings) -> None:
        """Put these in place of what is there."""
        self._settings = settings
        for name in FIELDS:
            self.query_one(f"#{name}", Input).value = _written(getattr(settings, name))

    @on(Input.Changed)
    def _read(self, event: Input.Changed) -> None:
        event.stop()
        try:
            values: dict[str, Any] = {name: self._value(name) for name in FIELDS}
            self.post_message(self.Changed(replace(self._settings, **values)))
        except ValueError:
            self.post_message(self.Changed(None, "That is no number."))
        except WorkbenchError as error:
            self.post_message(self.Changed(None, str(error)))

    def _value(self, name: str) -> float:
        text = self.query_one(f"#{name}", Input).value.strip()
        if not text:
            return _USUAL[name]
        return int(text) if name in _WHOLE else float(text)


def _written(value: float) -> str:
    return f"{value:g}"
