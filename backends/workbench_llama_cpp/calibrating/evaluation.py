"""Reads a text in pieces of the context's length, each from an empty context, while inputs are collected.

Pieces, and the token that begins each, are those of llama.cpp's own program. Logits are asked for of every
token, because the last layer is computed for those alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.calibration_request import DONE_CHUNKS, CalibrationRequest
from workbench.errors import InvalidRequest, NoSpace, Unsupported, WorkbenchError
from workbench.imatrix import Entry, ImportanceMatrix, read_imatrix, write_imatrix
from workbench_llama_cpp import embedding_shape, loading, parameters
from workbench_llama_cpp.batch import Batch
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.calibrating.collector import Collector
from workbench_llama_cpp.estimating.virtual.layout import check_layout
from workbench_llama_cpp.refusals import context_error

_BATCH = 2048
Progress = Callable[[int, int], None]


def calibrate(request: CalibrationRequest, progress: Progress) -> None:
    """Write the matrix to the request's target. Raises as Calibrator.calibrate does."""
    check_layout()
    loaded = loading.load(request.model, request.settings, lambda share: True)
    try:
        _check_kind(loaded)
        tokens = np.array(loaded.vocabulary.tokenize(request.text, request.special, add=True), np.int32)
        length = loaded.context_length
        chunks = min(len(tokens) // length, request.most_chunks or len(tokens))
        if not chunks:
            raise InvalidRequest(
                f"The text has {len(tokens):,} tokens, less than one piece of {length:,}.",
                "Give more text, or a smaller --context.",
            )
        Evaluation(request, loaded, tokens[: chunks * length].reshape(chunks, length)).run(progress)
    finally:
        loaded.free()


def _check_kind(loaded: loading.Loaded) -> None:
    if not embedding_shape.causal(loaded.header) or llama().llama_model_has_encoder(loaded.model):
        raise Unsupported(
            "Models that do not read from left to right cannot be calibrated here.",
            "Quantize it without an importance matrix.",
        )


class Evaluation:
    """Goes through the pieces and keeps what there is of the matrix, now and then, in the target file."""

    def __init__(
        self, request: CalibrationRequest, loaded: loading.Loaded, pieces: npt.NDArray[np.int32]
    ) -> None:
        self._request, self._loaded, self._pieces = request, loaded, pieces
        self._collector = Collector(output=request.output, entries=_entries_before(request))
        self._batch = Batch(min(_BATCH, pieces.shape[1]))

    def run(self, progress: Progress) -> None:
        """From the first piece that is not done to the last."""
        total, done = len(self._pieces), self._request.done_chunks
        progress(done, total)
        context, kept = self._context()
        try:
            for number in range(done, total):
                self._read(context, self._pieces[number])
                if (number + 1) % self._request.save_every == 0 or number + 1 == total:
                    self._save(number + 1)
                progress(number + 1, total)
        finally:
            llama().llama_free(context)
            del kept

    def _context(self) -> tuple[Any, object]:
        functions, length = llama(), self._pieces.shape[1]
        wanted = parameters.context_parameters(self._loaded.settings, length)
        wanted.n_batch = wanted.n_outputs_max = self._batch.capacity
        kept = functions.ggml_backend_sched_eval_callback(self._collector.callback)
        wanted.cb_eval = kept
        log.clear()
        context = functions.llama_init_from_model(self._loaded.model, wanted)
        if context is None:
            raise context_error(log.text(), self._loaded.settings, length)
        return context, kept

    def _read(self, context: Any, piece: npt.NDArray[np.int32]) -> None:
        functions, vocabulary = llama(), self._loaded.vocabulary
        functions.llama_memory_clear(functions.llama_get_memory(context), True)
        tokens = piece.copy()
        if functions.llama_vocab_get_add_bos(vocabulary.handle):
            tokens[0] = functions.llama_vocab_bos(vocabulary.handle)
        for start in range(0, len(tokens), self._batch.capacity):
            part = tokens[start : start + self._batch.capacity]
            self._batch.clear()
            self._batch.add(part, start, 0, len(part))
            failed = functions.llama_decode(context, self._batch.structure())
            functions.llama_synchronize(context)
            self._collector.check()
            if failed:
                raise WorkbenchError(
                    f"llama.cpp failed to read the text (code {failed}).", "Try a smaller --context."
                )

    def _save(self, done: int) -> None:
        entries, length = self._collector.entries, self._pieces.shape[1]
        most = max((int(entry.counts.max()) for entry in entries.values()), default=0)
        matrix = ImportanceMatrix(
            entries=entries,
            datasets=(self._request.dataset,) if self._request.dataset else (),
            chunk_count=most // length,
            chunk_size=length,
            notes={**dict(self._request.notes), DONE_CHUNKS: str(done)},
        )
        try:
            write_imatrix(Path(self._request.target), matrix)
        except OSError as error:
            raise NoSpace(
                f"{self._request.target} cannot be written: {os.strerror(error.errno or 0)}.", "Make room."
            ) from error


def _entries_before(request: CalibrationRequest) -> dict[str, Entry]:
    return dict(read_imatrix(request.target).entries) if request.done_chunks else {}
