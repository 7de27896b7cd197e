"""The estimator: a model's header in, bytes per device out. One helper process answers all questions.

What llama.cpp does not go through itself is added here: a draft model, a projector, adapters.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header, read_header
from workbench.memory import DeviceMemory, MemoryEstimate, VirtualGpu
from workbench.ports import Estimator
from workbench_llama_cpp.embedding_shape import EmbeddingShape
from workbench_llama_cpp.estimating.messages import Measured, MeasureModel, MeasureProjector
from workbench_llama_cpp.estimating.process import HelperProcess
from workbench_llama_cpp.estimating.skeleton import skeleton
from workbench_llama_cpp.parameters import DEFAULT_CONTEXT, context_length


class LlamaCppEstimator(Estimator):
    """May be used by several threads, which wait for each other."""

    def __init__(self) -> None:
        self._helper = HelperProcess()
        self._lock = threading.Lock()

    def estimate(
        self,
        header: Header,
        settings: EngineSettings,
        gpus: Sequence[VirtualGpu] | None = None,
        *,
        draft: Header | None = None,
        projector: Path | None = None,
    ) -> MemoryEstimate:
        cards = None if gpus is None else tuple(gpus)
        found = self._model(header, settings, cards)
        if draft is not None:
            length = context_length(settings, header.context_length or DEFAULT_CONTEXT)
            drafting = settings.for_draft(length, draft.context_length)
            found = _sum(found, self._model(draft, drafting, cards, drafts=True))
        if projector is not None:
            question = MeasureProjector(str(projector), settings, cards)
            with self._lock:
                found = _sum(found, self._helper.ask(question))
        for adapter in settings.lora:
            found = _with_adapter(found, read_header(adapter.path))
        return MemoryEstimate(
            devices=found.devices, host=found.host, basis="dry run", notes=tuple(dict.fromkeys(found.notes))
        )

    def prepare(self) -> None:
        threading.Thread(target=self._start, daemon=True).start()

    def close(self) -> None:
        with self._lock:
            self._helper.close()

    @property
    def pid(self) -> int | None:
        """The helper's process, while there is one."""
        return self._helper.pid

    def _start(self) -> None:
        with self._lock:
            self._helper.start()

    def _model(
        self,
        header: Header,
        settings: EngineSettings,
        gpus: tuple[VirtualGpu, ...] | None,
        *,
        drafts: bool = False,
    ) -> Measured:
        question = MeasureModel(
            str(skeleton(header)),
            header.source_name,
            settings,
            gpus,
            None if drafts else EmbeddingShape.of(header, settings),
        )
        with self._lock:
            return self._helper.ask(question)


def _with_adapter(found: Measured, adapter: Header) -> Measured:
    """Counted on the first device, although each part lies beside what it changes."""
    parts = {"weights_bytes": adapter.weights_bytes, "context_bytes": 0, "compute_bytes": 0}
    first = found.devices[0] if found.devices else found.host
    added = _added(first, DeviceMemory(name=first.name, **parts))
    if found.devices:
        return Measured((added, *found.devices[1:]), found.host, found.notes)
    return Measured((), added, found.notes)


def _sum(one: Measured, other: Measured) -> Measured:
    """Both on the same machine, device by device."""
    left = {device.name: device for device in other.devices}
    devices = [_added(device, left.pop(device.name, None)) for device in one.devices]
    return Measured((*devices, *left.values()), _added(one.host, other.host), one.notes + other.notes)


def _added(one: DeviceMemory, other: DeviceMemory | None) -> DeviceMemory:
    if other is None:
        return one
    return DeviceMemory(
        name=one.name,
        weights_bytes=one.weights_bytes + other.weights_bytes,
        context_bytes=one.context_bytes + other.context_bytes,
        compute_bytes=one.compute_bytes + other.compute_bytes,
        overhead_bytes=one.overhead_bytes + other.overhead_bytes,
        mapped_bytes=one.mapped_bytes + other.mapped_bytes,
    )
