"""The helper's work: keeps the models that it went through loading, and measures contexts of them.

Knows nothing of processes and pipes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from workbench.engine_settings import EngineSettings
from workbench.gguf import read_header
from workbench.memory import DeviceMemory, VirtualGpu
from workbench_llama_cpp import parameters
from workbench_llama_cpp.binding import log
from workbench_llama_cpp.devices import Device, device, devices
from workbench_llama_cpp.estimating import log_sizes
from workbench_llama_cpp.estimating.breakdown import breakdown
from workbench_llama_cpp.estimating.dry_run import DryModel
from workbench_llama_cpp.estimating.messages import Measured, MeasureModel
from workbench_llama_cpp.estimating.placement import placed
from workbench_llama_cpp.estimating.virtual import virtual_devices

LINE_FROM = 1 << 20
"""Tokens from which on sizes are taken from a line through two points; each token costs a dry run time."""
_MODELS_KEPT = 8
Place = tuple[tuple[DeviceMemory, ...], DeviceMemory]


@contextmanager
def cards_for(gpus: tuple[VirtualGpu, ...] | None) -> Iterator[list[Device] | None]:
    """The devices to measure on, called as the cards are; None for those of this machine.

    Raises Unsupported, and in the end what went wrong in a card that is not there.
    """
    if not gpus:
        yield None if gpus is None else []
        return
    with virtual_devices(gpus) as handles:
        yield [replace(device(handle), name=gpu.name) for handle, gpu in zip(handles, gpus, strict=True)]


class Measuring:
    """Not for several threads. `exact` is whether llama.cpp's own breakdown can be read."""

    def __init__(self, exact: bool) -> None:
        self._exact = exact
        self._models: OrderedDict[tuple[object, ...], DryModel] = OrderedDict()

    def measure(self, question: MeasureModel, cards: Sequence[Device] | None) -> Measured:
        """Raises InvalidModel, InvalidRequest or Unsupported."""
        model, settings = self._model(question, cards), question.settings
        length = parameters.context_length(settings, model.trained_context)
        tokens = length * settings.parallel
        reader = self._reader(model, question, [one for one in devices(cards) if one.is_gpu])

        def at(count: int) -> Place:
            return model.with_context(settings, count, reader)

        notes: tuple[str, ...] = () if self._exact else (log_sizes.NOTE,)
        if tokens > 2 * LINE_FROM:
            notes += (f"A context of {tokens} tokens is estimated from two shorter ones.",)
        found, host = at(tokens) if tokens <= 2 * LINE_FROM else _on_line(at, tokens)
        unreported = model.unreported_bytes(settings, tokens)
        if settings.prompt_cache_bytes:
            unreported += _copy_of_a_prompt((found, host), settings)
        if question.embedding is not None:
            shape = question.embedding
            beside = model.with_embedding_context(shape, settings, length, reader)
            found, host = _with_context_of((found, host), beside)
            unreported += model.unreported_for_vectors(shape, settings, length)
        return Measured(found, replace(host, overhead_bytes=unreported), notes)

    def _model(self, question: MeasureModel, cards: Sequence[Device] | None) -> DryModel:
        """Only what decides where weights go makes another model necessary."""
        wanted = question.settings
        placing = (wanted.gpu_layers, wanted.experts_on_cpu, wanted.tensor_overrides, wanted.split)
        key = (question.skeleton, question.gpus, *placing, wanted.devices, wanted.rpc_servers)
        parameters.check(wanted)
        if key not in self._models:
            self._models[key] = DryModel(question.skeleton, question.name, wanted, cards)
        self._models.move_to_end(key)
        if len(self._models) > _MODELS_KEPT:
            self._models.popitem(last=False)[1].close()
        return self._models[key]

    def _reader(
        self, model: DryModel, question: MeasureModel, cards: Sequence[Device]
    ) -> Callable[[Any], Place]:
        if self._exact:
            return lambda context: placed(breakdown(context), cards)
        header = read_header(question.skeleton)
        return lambda context: log_sizes.logged(header, model.said, log.text(), cards)


def _with_context_of(place: Place, beside: Place) -> Place:
    """With the context of the same model that the other one tells of."""
    more = {device.name: device for device in (*beside[0], beside[1])}
    *found, host = (_grown(device, more.get(device.name)) for device in (*place[0], place[1]))
    return tuple(found), host


def _grown(device: DeviceMemory, beside: DeviceMemory | None) -> DeviceMemory:
    if beside is None:
        return device
    return replace(
        device,
        context_bytes=device.context_bytes + beside.context_bytes,
        compute_bytes=device.compute_bytes + beside.compute_bytes,
    )


def _copy_of_a_prompt(place: Place, settings: EngineSettings) -> int:
    """What is written to the disk is copied first, one request's share at a time."""
    share = sum(device.context_bytes for device in (*place[0], place[1])) // settings.parallel
    return min(share, settings.prompt_cache_bytes)


def _on_line(at: Callable[[int], Place], tokens: int) -> Place:
    """Beyond some length, all sizes grow evenly."""
    (near, near_host), (far, far_host) = at(LINE_FROM), at(2 * LINE_FROM)
    steps = (tokens - 2 * LINE_FROM) / LINE_FROM
    devices = tuple(_further(*pair, steps) for pair in zip(near, far, strict=True))
    return devices, _further(near_host, far_host, steps)


def _further(near: DeviceMemory, far: DeviceMemory, steps: float) -> DeviceMemory:
    return replace(
        far,
        context_bytes=far.context_bytes + round((far.context_bytes - near.context_bytes) * steps),
        compute_bytes=far.compute_bytes + round((far.compute_bytes - near.compute_bytes) * steps),
    )
