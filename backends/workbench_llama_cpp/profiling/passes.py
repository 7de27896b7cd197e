"""Loads a model and lets it compute, once like an answer and once like a prompt, while it is watched."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.engine_profile import EngineProfile, PassProfile, ProfileRequest
from workbench.errors import EngineDied, Unsupported
from workbench.sampling import SamplingSettings
from workbench_llama_cpp import loading, parameters
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.estimating.virtual.layout import check_layout
from workbench_llama_cpp.profiling.kernels import kernels
from workbench_llama_cpp.profiling.watch import Watch
from workbench_llama_cpp.refusals import context_error
from workbench_llama_cpp.sampler import Sampler

_WRITES, _READS, _DRAWS = 8, 2, 32
Progress = Callable[[str], None]


def profile(request: ProfileRequest, progress: Progress) -> EngineProfile:
    """Raises as Profiler.profile does."""
    check_layout()
    progress("loading")
    loaded = loading.load(request.model, request.settings, lambda share: True)
    try:
        if "generate" not in loading.facts(loaded).capabilities:
            raise Unsupported("This model cannot continue text.", "Look into one that is made for it.")
        watched = Watched(loaded)
        try:
            progress("writing under watch")
            write = watched.passes(request.depth, 1, _WRITES)
            before = _disk_reads()
            watched.compute(request.depth, 1)
            disk_reads, sampling = _disk_reads() - before, watched.sampling_seconds()
            progress("reading under watch")
            read = watched.passes(request.depth, min(request.prompt, request.settings.micro_batch), _READS)
        finally:
            watched.close()
    finally:
        loaded.free()
    threads = parameters.threads(request.settings)
    progress("multiplying without a model")
    return EngineProfile(
        threads=threads,
        write=write,
        read=read,
        sampling_seconds=sampling,
        disk_reads=disk_reads,
        kernels=tuple(kernels(write.parts, request.types, threads)),
    )


class Watched:
    """A model's context that shows what it computes. Tokens are random ones."""

    def __init__(self, loaded: loading.Loaded) -> None:
        self._llama, self._loaded, self._watch = llama(), loaded, Watch()
        self._callback = self._llama.ggml_backend_sched_eval_callback(self._watch.callback)
        wanted = parameters.context_parameters(loaded.settings, loaded.context_length)
        wanted.cb_eval = self._callback
        log.clear()
        self._context = self._llama.llama_init_from_model(loaded.model, wanted)
        if self._context is None:
            raise context_error(log.text(), loaded.settings, loaded.context_length)
        self._memory = self._llama.llama_get_memory(self._context)
        self._batch, self._random = Batch(parameters.BATCH), np.random.default_rng(0)
        self._length = 0

    def passes(self, depth: int, tokens: int, count: int) -> PassProfile:
        parts = self._watch.parts(lambda: self.compute(depth, tokens), count)
        return PassProfile(tokens=tokens, seconds=sum(part.seconds for part in parts), parts=parts)

    def compute(self, depth: int, tokens: int) -> None:
        """So many tokens in one pass, after `depth` others."""
        self._keep(depth)
        with self._watch.on():
            self._decode(self._tokens(tokens))

    def sampling_seconds(self) -> float:
        """Of the usual chain, by the logits of the pass before."""
        sampler = Sampler(SamplingSettings(), self._loaded.vocabulary, (), self._loaded.context_length)
        try:
            return median(_seconds(lambda: sampler.draw(self._context, -1)) for _ in range(_DRAWS))
        finally:
            sampler.close()

    def close(self) -> None:
        self._llama.llama_free(self._context)

    def _keep(self, depth: int) -> None:
        """Exactly so many tokens in the cache; those of models that take none back are computed again."""
        if self._length > depth and not self._llama.llama_memory_seq_rm(self._memory, 0, depth, -1):
            self._llama.llama_memory_clear(self._memory, True)
            self._length = 0
        self._length = min(self._length, depth)
        while self._length < depth:
            self._decode(self._tokens(min(parameters.BATCH, depth - self._length)))

    def _tokens(self, count: int) -> NDArray[np.int32]:
        return self._random.integers(self._loaded.vocabulary.size, size=count, dtype=np.int32)

    def _decode(self, tokens: NDArray[np.int32]) -> None:
        self._batch.clear()
        self._batch.add(tokens, self._length, 0, 1)
        if (code := self._llama.llama_decode(self._context, self._batch.structure())) != 0:
            raise EngineDied(f"llama.cpp could not compute a pass (code {code}).", "Try other settings.")
        self._llama.llama_synchronize(self._context)
        self._length += len(tokens)


def _disk_reads() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _seconds(do: Callable[[], Any]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
