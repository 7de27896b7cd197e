"""A model loaded for good beside what was predicted for it: one row of a table. Knows no kind of device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.offload.loaded_model import PROMPT, LoadedModel
from workbench.engine_settings import EngineSettings
from workbench.gguf import Header, read_model
from workbench.memory import DeviceMemory, VirtualGpu
from workbench.planning.unreported import Unreported
from workbench.ports import Estimator

CONTEXT = 8192
LONG_PROMPT = PROMPT * 14
"""Longer than two batches, so that what is reserved is used."""
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Bytes on the device, but for `host`.

    Attributes:
        predicted: By the dry run on the device itself; `virtual` by one on a card described to it.
        overhead: What is expected beside that: the driver's context, libraries and pools.
        reported: What llama.cpp says of the loaded model.
        taken: What the system says that the process holds.
        host: Whether what is left in RAM was predicted, context and buffers.
    """

    model: str
    way: str
    predicted: int
    virtual: int | None
    overhead: int
    reported: int
    taken: int
    host: bool

    @property
    def unexplained(self) -> int:
        return self.taken - self.predicted - self.overhead


def ways(header: Header) -> dict[str, EngineSettings]:
    """How each model is loaded; experts move to RAM where there are any."""
    layers = header.number(f"{header.architecture}.block_count") or 0
    whole = EngineSettings(context_length=CONTEXT)
    found = {
        "all layers": whole,
        "half of the layers": replace(whole, gpu_layers=layers // 2),
        "q8_0 cache": replace(whole, kv_type_k="q8_0", kv_type_v="q8_0", flash_attention="on"),
    }
    if header.number(f"{header.architecture}.expert_count"):
        found["experts of half in RAM"] = replace(whole, experts_on_cpu=layers // 2)
    return found


def compared(
    model: Path,
    names: tuple[str, str],
    settings: EngineSettings,
    estimator: Estimator,
    taken: Callable[[int], int],
    *,
    card: VirtualGpu | None = None,
) -> Row:
    """Predict, load, and measure with `taken`, which is told the process."""
    header = read_model(model)
    estimate = estimator.estimate(header, settings)
    virtual, overhead = None, 0
    if card is not None:
        unreported = Unreported.of(header).added_to(estimate.devices[0], card, settings)
        overhead = unreported.overhead_bytes
        described = replace(settings, devices=())
        virtual = _total(estimator.estimate(header, described, (card,)).devices)
    with LoadedModel(model, settings, prompt=LONG_PROMPT) as loaded:
        return Row(
            model=names[0],
            way=names[1],
            predicted=_total(estimate.devices),
            virtual=virtual,
            overhead=overhead,
            reported=_total(loaded.state.devices),
            taken=taken(loaded.pid),
            host=_used_in_host(estimate.host) == _used_in_host(loaded.state.host),
        )


def _total(devices: Sequence[DeviceMemory]) -> int:
    return sum(device.total_bytes for device in devices)


def _used_in_host(memory: DeviceMemory) -> tuple[int, int]:
    return memory.context_bytes, memory.compute_bytes


def as_markdown(rows: Sequence[Row]) -> str:
    """In MiB; the last column is the unexplained rest as a share of what was taken."""
    head = "model | settings | predicted | virtual card | overhead | llama.cpp says | taken | unexplained"
    lines = [f"| {head} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        numbers = (row.predicted, row.virtual, row.overhead, row.reported, row.taken)
        cells = ["-" if number is None else f"{number / _MIB:,.1f}" for number in numbers]
        rest = f"{row.unexplained / _MIB:+,.1f} ({row.unexplained / max(row.taken, 1):+.1%})"
        lines.append(f"| {' | '.join([row.model, row.way, *cells, rest])} |")
    return "\n".join(lines)
