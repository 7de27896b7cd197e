"""An importance matrix from a text: what was interrupted goes on, and other matrices are added at the end.

What there is of a matrix lies beside where it belongs, under a hidden name, with a note of what it is of.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from workbench import __version__
from workbench.calibration_request import DONE_CHUNKS, CalibrationProgress, CalibrationRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.gguf import Header
from workbench.imatrix import ImportanceMatrix, merged, read_imatrix, write_imatrix
from workbench.models.transfer.disk import unwritable
from workbench.ports import Calibrator
from workbench.quantization.checking import check_matrix
from workbench.quantization.corpus import Corpus
from workbench.quantization.recipe import CORPUS

DEFAULT_CONTEXT = 512
_RUN = "workbench.imatrix.run"
_TOOLS = "workbench.imatrix.tools"
_REMEDY = "Make room, or give another file with -o."


def request_for(
    path: Path,
    header: Header,
    corpus: Corpus,
    settings: EngineSettings,
    output: Path,
    *,
    special: bool = False,
    output_weights: bool = False,
    most_chunks: int | None = None,
    save_every: int = 10,
) -> CalibrationRequest:
    """What is to be measured of the model at `path`, going on where an earlier run of the same stopped."""
    settings = replace(settings, context_length=settings.context_length or DEFAULT_CONTEXT)
    special = special or corpus.special
    run = _run(path, header, corpus, (settings.context_length, special, output_weights, most_chunks))
    target = unfinished(output)
    return CalibrationRequest(
        model=str(path),
        text=corpus.text,
        settings=settings,
        target=str(target),
        special=special,
        output=output_weights,
        most_chunks=most_chunks,
        save_every=save_every,
        done_chunks=_done(target, run),
        dataset=corpus.name,
        notes=((CORPUS, corpus.digest), (_RUN, run)),
    )


def unfinished(output: Path) -> Path:
    """Where there is what was measured so far."""
    return output.with_name(f".{output.name}.unfinished")


def check_output(output: Path, *, force: bool) -> None:
    """Raise InvalidRequest where a file would be replaced."""
    if output.is_dir() or (output.exists() and not force):
        raise InvalidRequest(f"{output} exists already.", "--force replaces it, -o names another one.")


def calibrate(
    calibrator: Calibrator, request: CalibrationRequest, progress: CalibrationProgress
) -> ImportanceMatrix:
    """The matrix of the text alone. Raises as the calibrator does; what was measured by then is kept."""
    calibrator.calibrate(request, progress)
    return read_imatrix(request.target)


def finish(
    own: ImportanceMatrix | None,
    others: Sequence[ImportanceMatrix],
    header: Header,
    output: Path,
    *,
    engine: str,
    context_length: int,
) -> ImportanceMatrix:
    """Write all as one to `output`. Raises InvalidRequest where one is of another model, and NoSpace."""
    shapes = {tensor.name: tensor.shape for tensor in header.tensors}
    every = [*others, *([own] if own else [])]
    for matrix in every:
        check_matrix(matrix, shapes)
    corpora = dict.fromkeys(matrix.notes[CORPUS] for matrix in every if matrix.notes.get(CORPUS))
    notes = {_TOOLS: f"workbench {__version__}, {engine}"}
    notes |= {CORPUS: ", ".join(corpora)} if corpora else {}
    whole = replace(merged(every, context_length), notes=notes)
    try:
        write_imatrix(output, whole)
    except OSError as error:
        raise unwritable(output, error, _REMEDY) from error
    with suppress(OSError):
        unfinished(output).unlink(missing_ok=True)
    return whole


def _run(path: Path, header: Header, corpus: Corpus, settings: tuple[object, ...]) -> str:
    """What tells one measurement from another: the file as it is, the text, and how it is read."""
    state = os.stat(path)
    facts = (header.file_size, state.st_mtime_ns, header.name, len(header.tensors), corpus.digest, *settings)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _done(target: Path, run: str) -> int:
    """How many pieces are there from before; what is of another run, or damaged, goes."""
    if not target.exists():
        return 0
    try:
        notes = read_imatrix(target).notes
        if notes.get(_RUN) == run and notes.get(DONE_CHUNKS, "").isdigit():
            return int(notes[DONE_CHUNKS])
    except WorkbenchError:
        pass
    return 0
