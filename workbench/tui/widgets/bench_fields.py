"""What is to be measured, as fields. Knows nothing of measuring."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from workbench.benchmark import Workload
from workbench.errors import InvalidRequest

FIELDS = {
    "prompt": ("read", "512"),
    "generate": ("write", "128"),
    "depth": ("at depth", "0"),
    "requests": ("at once", ""),
    "repetitions": ("times", "5"),
}


class BenchFields(Horizontal):
    """Each takes one number, or several with commas."""

    def compose(self) -> ComposeResult:
        for name, (title, value) in FIELDS.items():
            yield Static(title, classes="title", markup=False)
            yield Input(value, id=name, compact=True)

    def workload(self) -> Workload:
        """Raises InvalidRequest for what is no number, and for nothing to measure."""
        (repetitions, *_) = self._numbers("repetitions") or (1,)
        return Workload(
            prompt=self._numbers("prompt"),
            generate=self._numbers("generate"),
            depths=self._numbers("depth") or (0,),
            requests=self._numbers("requests"),
            first_token=True,
            repetitions=repetitions,
        )

    def _numbers(self, name: str) -> tuple[int, ...]:
        written = self.query_one(f"#{name}", Input).value
        try:
            return tuple(int(part) for part in written.split(",") if part.strip())
        except ValueError as error:
            what = f"{written!r} is no number to {FIELDS[name][0]}."
            raise InvalidRequest(what, "Write numbers, with commas.") from error
