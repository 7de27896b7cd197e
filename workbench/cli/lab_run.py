"""What the lab does for a person: how much room there is, which files are tried, and which one is made."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from workbench import paths, registry
from workbench.benchmark import Workload, measure
from workbench.cli.quality_trial import WINDOW, loading, progress_line, scorer_of
from workbench.cli.terminal import StatusLine
from workbench.cli.transfer_report import report_on
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, InvalidRequest
from workbench.gguf import first_file, read_model
from workbench.machine import machine
from workbench.machine.cards import card
from workbench.models import LocalModel
from workbench.planning.estimates import Estimates
from workbench.planning.opening import open_planned
from workbench.planning.places import described, on_this_machine
from workbench.planning.room import room_for_weights
from workbench.ports import Quantizer
from workbench.quantization.budget.allocation import Planned, allocated, size_for, sizes_from
from workbench.quantization.budget.sensitivity import measured_costs
from workbench.quantization.budget.workshop import Workshop
from workbench.quantization.lab.candidate import STOCK, Candidate, Proposal, measured, stock_proposals
from workbench.quantization.lab.recommendation import SAME, Recommendation, recommended
from workbench.quantization.making import Making
from workbench.quantization.opening import quantizer_for
from workbench.quantization.orders import Order
from workbench.quantization.quality.base_model import opened_base
from workbench.quantization.quality.bundled import sample_text
from workbench.quantization.quality.subjects import folder_of, subject_of
from workbench.quantization.quality.trial import Trial
from workbench.quantize_request import QuantizePlan, QuantizeRequest

_SPEED = Workload(prompt=0, generate=64, repetitions=3)
_CALIBRATION_WINDOWS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks of the lab; without `size` and `card` it is for this machine."""

    model: LocalModel
    size: int | None
    card: str | None
    types: tuple[str, ...]
    text: str | None
    most_windows: int | None
    importance: str
    budget: bool
    settings: EngineSettings
    backend: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was tried, within how many bytes, and what to take."""

    candidates: tuple[Candidate, ...]
    limit: int
    recommendation: Recommendation


def run(wanted: Wanted) -> Outcome:
    """Raises InvalidRequest for a model that is quantized already, and what the parts raise."""
    backend = wanted.backend or registry.name_for(str(wanted.model.path))
    limit = wanted.size or _room(wanted, backend)
    source = str(first_file(wanted.model.path))
    request = QuantizeRequest(source=source, type="", importance=wanted.importance)
    with quantizer_for(wanted.model) as (quantizer, engine), _folder() as folder:

        def planned(request: QuantizeRequest) -> QuantizePlan:
            """With what the file will say of its making."""
            return Making(quantizer, wanted.model, [Order(request, folder)], engine).plans()[0]

        proposals = list(stock_proposals(planned, request, wanted.types or STOCK))
        _check(wanted, quantizer, proposals)
        bench = _Bench(wanted, quantizer, backend, folder)
        if wanted.budget:
            proposals += bench.budgets(request, planned, limit)
        candidates = bench.measured(sorted(proposals, key=lambda one: -one.size))
    return Outcome(candidates, limit, recommended(candidates, limit))


def made(model: LocalModel, proposal: Proposal, target: Path, *, force: bool) -> Path:
    """The file of the proposal, with what it was made of in it. Raises as Making."""
    with quantizer_for(model) as (quantizer, engine), report_on(model.name, False) as report:
        making = Making(quantizer, model, [Order(proposal.request, target)], engine)
        plans = making.plans()
        making.check(plans, force=force)
        (done,) = making.make(plans, report)
        return done.paths[0]


class _Bench:
    """Trials of one model, with a line that tells how far they are."""

    def __init__(self, wanted: Wanted, quantizer: Quantizer, backend: str, folder: Path) -> None:
        self._wanted, self._status = wanted, StatusLine()
        scorer, self._engine = scorer_of(backend)
        self._window = wanted.settings.context_length or WINDOW
        self._settings = replace(wanted.settings, context_length=self._window)
        self._backend = backend
        self._status.show(f"reading {wanted.model.name}")
        self._source = subject_of(wanted.model)
        load = loading(scorer, self._settings, backend, self._status)
        self._workshop = Workshop(quantizer, self._source, folder, load)

    def budgets(self, request: QuantizeRequest, planned: Planned, limit: int) -> Iterator[Proposal]:
        """One that fills the limit, and the smallest that is as good as the base where that is smaller."""
        calibration, _ = self._texts()
        with opened_base(self._source, self._trial(calibration, _CALIBRATION_WINDOWS)) as base:
            costs = measured_costs(base, self._workshop, request)
        self._status.clear()
        largest = sizes_from(costs)[1]
        for size in {min(limit, largest), min(limit, size_for(costs, SAME / 2))}:
            found = allocated(planned, request, costs, size)
            name = f"budget-{found.plan.bits_per_weight:.2f}"
            yield Proposal(name, found.request, found.plan.size_bytes, budget=True)

    def measured(self, proposals: list[Proposal]) -> tuple[Candidate, ...]:
        _, judging = self._texts()
        try:
            with opened_base(self._source, self._trial(judging, self._wanted.most_windows)) as base:
                return tuple(measured(base, self._workshop, proposals, self._speed))
        finally:
            self._status.clear()

    def _texts(self) -> tuple[str, str]:
        """The halves of the text, divided at the end of a line where there is one."""
        text = sample_text() if self._wanted.text is None else self._wanted.text
        middle = text.find("\n", len(text) // 2)
        middle = len(text) // 2 if middle < 0 else middle
        return text[:middle], text[middle + 1 :].removesuffix("\n")

    def _trial(self, text: str, most_windows: int | None) -> Trial:
        return Trial(
            load=self._workshop.load,
            text=text,
            window=self._window,
            most_windows=most_windows,
            prompts=(),
            folder=folder_of(self._source, text, self._window, self._settings, self._engine),
            told=lambda progress: self._status.show(progress_line(progress)),
        )

    def _speed(self, path: Path) -> float:
        self._status.show(f"measuring the speed of {path.stem}")
        return asyncio.run(_speed(path, replace(self._settings, context_length=512), self._backend))


async def _speed(path: Path, settings: EngineSettings, backend: str) -> float:
    provider = await open_planned(str(path), settings, backend=backend)
    try:
        return (await measure(provider, _SPEED))[0].tokens_per_second
    finally:
        await provider.close()


def _room(wanted: Wanted, backend: str) -> int:
    """For the weights on the card, or on this machine. Raises DoesNotFit where there is none."""
    here = machine()
    places = (
        described([card(wanted.card)], None, here)
        if wanted.card
        else on_this_machine(backend, here, rpc_servers=wanted.settings.rpc_servers)
    )
    header, estimator = read_model(wanted.model.path), registry.load(backend).estimator()
    with Estimates(header, places, estimator, asked=wanted.settings) as estimates:
        room = room_for_weights(estimates, replace(wanted.settings, context_length=None))
    if room <= 0:
        raise DoesNotFit("The context alone does not fit there.", "Take another card, or a smaller model.")
    return room


def _check(wanted: Wanted, quantizer: Quantizer, proposals: list[Proposal]) -> None:
    possible = {proposal.request.type.upper() for proposal in proposals}
    for name in wanted.types:
        if name.upper() not in possible:
            raise InvalidRequest(f"{name} needs an importance matrix.", "Give one with --imatrix.")
    if quantizer.plan(proposals[0].request).requantized:
        raise InvalidRequest(
            f"{wanted.model.name} is quantized already: what is made of it would lose twice.",
            "Take the original, in F16, BF16 or F32.",
        )


@contextmanager
def _folder() -> Iterator[Path]:
    """Where files are made for a moment, on the disk that models go to; those of a killed run go now."""
    models = paths.models_folder()
    for former in models.glob(".lab-*"):
        if not psutil.pid_exists(int(former.name.removeprefix(".lab-"))):
            shutil.rmtree(former, ignore_errors=True)
    folder = models / f".lab-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
