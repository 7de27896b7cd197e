"""The rows that stay, written in every format, and those that do not, each with its reason."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from workbench.datasets.export_format import Exported, ExportFormat, file_name
from workbench.datasets.findings import Findings
from workbench.datasets.images import write_held
from workbench.datasets.row import Kind, Rejection, Row
from workbench.datasets.running.part_files import PartFiles
from workbench.datasets.running.plan import Steps
from workbench.datasets.running.quarantine import quarantined
from workbench.datasets.running.row_steps import RowSteps
from workbench.datasets.standing import Standing

QUARANTINE = "report/quarantine.jsonl"


@dataclass(slots=True)
class Delivered:
    """What was written and what was not.

    Attributes:
        splits: Rows of each split; `of_format` those of each format and split.
        steps: For each step how many rows it set aside here; writing is the step after the last.
        rejected: The same by rule.
        left_out: For each field that is written nowhere how many rows had it.
    """

    splits: Counter[str] = field(default_factory=Counter)
    of_format: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    rows_added: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    tools: bool = False
    images: bool = False


class Delivery:
    """Writes below a folder: a folder for each format, and the quarantine."""

    def __init__(
        self, folder: Path, formats: Mapping[str, ExportFormat], steps: Steps, findings: Findings
    ) -> None:
        self._folder, self._formats, self._findings = folder, formats, findings
        self._writes_meta = any(form.writes_meta for form in formats.values())
        self._judging = dict(steps.judging)
        self._late = RowSteps(steps.late, findings, self._set_aside)
        self._last_step = 1 + max(
            [number for number, _ in (*steps.early, *steps.judging, *steps.late)] or [0]
        )
        self.delivered = Delivered()

    def write(
        self, parts: Sequence[PartFiles], standing: Standing, kind: Kind, model: str,
        tell: Callable[[int], None],
    ) -> Delivered:  # fmt: skip
        """Every row of every part once. Raises OSError."""
        with ExitStack() as files:
            self._quarantine = self._open(files, QUARANTINE)
            self._outputs = {
                (name, split): self._open(files, f"{name}/{file_name(form, split)}")
                for name, form in self._formats.items()
                for split in standing.splits
            }
            for split, row in self._rows(parts, standing, tell):
                self._put(row, split)
        self._finish(standing.splits, kind, model)
        self.delivered.rows_added = self._late.added
        return self.delivered

    def _rows(
        self, parts: Sequence[PartFiles], standing: Standing, tell: Callable[[int], None]
    ) -> Iterator[tuple[str, Row]]:
        """The rows that stay, each with its split."""
        place = 0
        for part in parts:
            with open(part.quarantine(), "rb") as file:
                shutil.copyfileobj(file, self._quarantine)
            for rows in part.rows():
                tell(place)
                for row in rows:
                    step = int(standing.rejected_by[place])
                    if step:
                        twin = int(standing.twin[place])
                        origin = None if twin < 0 else standing.origin(twin)
                        self._set_aside(step, row, self._judging[step].rejection(origin))
                    else:
                        split = standing.splits[standing.split[place]]
                        for kept in self._late.through((row,)):
                            yield split, kept
                    place += 1

    def _put(self, row: Row, split: str) -> None:
        """Into every format that can express it; a row that none can is set aside."""
        refusals = []
        for name, form in self._formats.items():
            encoded = form.encode(row)
            if isinstance(encoded, Rejection):
                refusals.append(encoded)
                self._findings.add(f"format-{name}", "warning", encoded.reason, row.origin)
            else:
                self._outputs[name, split].write(encoded)
                for image in row.images:
                    if image.held:
                        write_held(image, self._folder / name)
                self.delivered.of_format[name, split] += 1
        if len(refusals) == len(self._formats):
            self._set_aside(self._last_step, row, refusals[0])
            return
        delivered = self.delivered
        delivered.splits[split] += 1
        if not self._writes_meta:
            delivered.left_out.update(row.meta.keys())
        delivered.tools = delivered.tools or bool(row.tools)
        delivered.images = delivered.images or bool(row.images)

    def _set_aside(self, step: int, row: Row, why: Rejection) -> None:
        self.delivered.steps[step] += 1
        self.delivered.rejected[why.rule] += 1
        if step not in self._judging:
            self._findings.add(why.rule, "error", why.reason, row.origin)
        self._quarantine.write(quarantined(row.origin, why, row))

    def _finish(self, splits: Sequence[str], kind: Kind, model: str) -> None:
        delivered = self.delivered
        for name, form in self._formats.items():
            counts = {split: delivered.of_format[name, split] for split in splits}
            for split, rows in counts.items():
                path = self._folder / name / file_name(form, split)
                form.finish(path) if rows else path.unlink()
            exported = Exported(
                kind,
                {split: (file_name(form, split), rows) for split, rows in counts.items() if rows},
                delivered.tools,
                delivered.images,
                model,
            )
            for file, text in form.configuration(exported).items():
                (self._folder / name / file).write_text(text, "utf-8")

    def _open(self, files: ExitStack, name: str) -> BinaryIO:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return files.enter_context(open(path, "wb"))
