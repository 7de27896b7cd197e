"""Answers about one model on certain devices: at once by the formula, or from the engine where it can tell.

What the engine said corrects the formula from then on. Beside both stands what no engine reports, from a
model of its own. Knows no aim and no budget's meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header, read_header, read_model
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench.planning.correction import Corrected
from workbench.planning.formula import Formula, context_of
from workbench.planning.places import Places, Seen
from workbench.planning.search import Shape
from workbench.planning.unreported import Unreported
from workbench.ports import Estimator

NO_ESTIMATOR = "This engine does not tell what a model takes; the numbers come from a formula."


def draft_header(settings: EngineSettings) -> Header | None:
    """Of the draft model that is loaded too, where there is one. Raises as read_model."""
    return read_model(settings.draft) if settings.draft else None


def projector_of(settings: EngineSettings) -> Path | None:
    """The projector that is loaded too, where there is one."""
    return Path(settings.projector) if settings.projector else None


class Estimates:
    """Closes the estimator that it was given. Without one, everything is the formula's."""

    def __init__(
        self,
        header: Header,
        places: Places | Seen,
        estimator: Estimator | None = None,
        *,
        draft: Header | None = None,
        projector: Path | None = None,
        asked: EngineSettings | None = None,
    ) -> None:
        """`places` may be a function of the GPUs that the engine uses here, which it is asked for then.

        Which devices those are may be among the settings that were `asked` for.
        """
        self._header, self._estimator = header, estimator
        self._draft, self._projector = draft, projector
        self._formula = Formula(header)
        self._unreported = Unreported.of(header)
        self._draft_formula = None if draft is None else Formula(draft)
        self._projector_bytes = 0 if projector is None else read_header(projector).weights_bytes
        self.dry_runs = 0
        self.shape = Shape(
            layers=self._formula.layers,
            expert_layers=self._formula.weights.expert_layers,
            trained_context=header.context_length or context_of(EngineSettings(), header),
        )
        self.places = (
            places if isinstance(places, Places) else places(self._used_by_engine(asked or EngineSettings()))
        )
        self._corrected = Corrected(self._by_formula)

    def __enter__(self) -> Estimates:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._estimator is not None:
            self._estimator.close()

    def spelled(self, settings: EngineSettings) -> EngineSettings:
        """The settings with their context as a number."""
        return replace(settings, context_length=context_of(settings, self._header))

    def quick(self, settings: EngineSettings) -> MemoryEstimate:
        """In a millisecond, and the engine's own words where it has been asked."""
        return self._with_overhead(self._corrected(self.spelled(settings)), settings)

    def ask(self, settings: EngineSettings) -> MemoryEstimate:
        """The engine's own words; the formula's where it has none. Raises as Estimator.estimate."""
        if self._estimator is None:
            return self.quick(settings)
        settings = self.spelled(settings)
        known = self._corrected(settings)
        if known.basis == "formula":
            said = self._asked(settings)
            self._corrected.learn(settings, _on_all(said, [card.name for card in self.places.cards]))
        return self.quick(settings)

    def learn_from(self, sibling: Estimates) -> None:
        """Believe what the engine said of the same model in another quantization."""
        self._corrected.learn_from(sibling._corrected)

    def _asked(self, settings: EngineSettings) -> MemoryEstimate:
        assert self._estimator is not None
        self.dry_runs += 1
        cards = self.places.cards if self.places.virtual else None
        return self._estimator.estimate(
            self._header, settings, cards, draft=self._draft, projector=self._projector
        )

    def _used_by_engine(self, asked: EngineSettings) -> list[str]:
        if self._estimator is None:
            return []
        settings = self.spelled(EngineSettings(devices=asked.devices, rpc_servers=asked.rpc_servers))
        try:
            said = self._estimator.estimate(self._header, settings, None)
        except BaseException:
            self._estimator.close()
            raise
        return [device.name for device in said.devices]

    def _by_formula(self, settings: EngineSettings) -> MemoryEstimate:
        estimate = self._formula.estimate(settings, self.places.cards)
        if self._draft_formula is not None:
            drafting = settings.for_draft(
                context_of(settings, self._header), self._draft_formula.header.context_length
            )
            estimate = _sum(estimate, self._draft_formula.estimate(drafting, self.places.cards))
        return _with_weights(estimate, self._projector_bytes) if self._projector_bytes else estimate

    def _with_overhead(self, estimate: MemoryEstimate, settings: EngineSettings) -> MemoryEstimate:
        """Engines do not report any for GPUs."""
        pairs = zip(estimate.devices, self.places.cards, strict=True)
        devices = tuple(self._unreported.added_to(device, card, settings) for device, card in pairs)
        return replace(estimate, devices=devices)


def _on_all(said: MemoryEstimate, names: Sequence[str]) -> MemoryEstimate:
    """With an entry for each card; engines leave out those on which nothing lies."""
    found = {device.name: device for device in said.devices}
    nothing = {"weights_bytes": 0, "context_bytes": 0, "compute_bytes": 0}
    return replace(
        said, devices=tuple(found.get(name) or DeviceMemory(name=name, **nothing) for name in names)
    )


def _sum(one: MemoryEstimate, other: MemoryEstimate) -> MemoryEstimate:
    pairs = zip((*one.devices, one.host), (*other.devices, other.host), strict=True)
    *devices, host = (_added(device, beside) for device, beside in pairs)
    return replace(one, devices=tuple(devices), host=host)


def _added(one: DeviceMemory, other: DeviceMemory) -> DeviceMemory:
    return replace(
        one,
        weights_bytes=one.weights_bytes + other.weights_bytes,
        context_bytes=one.context_bytes + other.context_bytes,
        compute_bytes=one.compute_bytes + other.compute_bytes,
        mapped_bytes=one.mapped_bytes + other.mapped_bytes,
    )


def _with_weights(estimate: MemoryEstimate, more: int) -> MemoryEstimate:
    """A projector's, on the first device."""
    if not estimate.devices:
        host = replace(estimate.host, weights_bytes=estimate.host.weights_bytes + more)
        return replace(estimate, host=host)
    first = replace(estimate.devices[0], weights_bytes=estimate.devices[0].weights_bytes + more)
    return replace(estimate, devices=(first, *estimate.devices[1:]))
