"""`workbench imatrix`: which weights of a model count most, for quantizing it better."""

from __future__ import annotations

from pathlib import Path

import click

from workbench import wording
from workbench.calibration_request import CalibrationRequest
from workbench.cli import output
from workbench.cli.news import News
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.text_input import given_texts
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.gguf import first_file, read_model
from workbench.imatrix import ImportanceMatrix, read_imatrix
from workbench.models import LocalModel, locate
from workbench.models.runnable import runnable
from workbench.ports import Calibrator
from workbench.quantization import calibration
from workbench.quantization.corpus import corpus
from workbench.quantization.opening import calibrator_for
from workbench.quantization.orders import stem

EPILOG = """\b
Examples:
  workbench imatrix model-F16.gguf --text notes.txt -o imatrix.gguf
  workbench imatrix model-F16.gguf --dataset chats.jsonl --context 1024
  workbench imatrix model-F16.gguf --in one.gguf --in two.dat -o both.gguf
  workbench quantize model-F16.gguf IQ3_XXS --imatrix imatrix.gguf
"""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.option("--text", "texts", multiple=True, metavar="FILE", help="Read this text; repeatable.")
@click.option(
    "--dataset", "datasets", multiple=True, metavar="FILE.jsonl", type=click.Path(path_type=Path),
    help="Read the rows of this data set, conversations by the model's template; repeatable.",
)  # fmt: skip
@click.option("--in", "inputs", multiple=True, metavar="FILE", help="Add this matrix; repeatable.")
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path),
    help="Where the matrix goes; MODEL.imatrix.gguf in this folder if left out.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--chunks", type=click.IntRange(min=1), help="Read no more pieces of the text than that.")
@click.option("--parse-special", is_flag=True, help="Read control tokens in texts as such.")
@click.option("--output-weights", is_flag=True, help="Measure the output matrix too.")
@click.option(
    "--save-every", type=click.IntRange(min=1), default=10, show_default=True,
    help="Keep what is measured after so many pieces.",
)  # fmt: skip
@json_option
@engine_options
def imatrix(
    *,
    model: str,
    texts: tuple[str, ...],
    datasets: tuple[Path, ...],
    inputs: tuple[str, ...],
    target: Path | None,
    force: bool,
    chunks: int | None,
    parse_special: bool,
    output_weights: bool,
    save_every: int,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Measure which weights of MODEL count most while it reads a text.

    The text is read in pieces of --context tokens, 512 if left out; what is left over at its end is not
    read. A few hundred pieces of the kind of text that the model will meet are enough. What was interrupted
    goes on when the same command is given again. llama.cpp's own programs read the file.
    """
    if not (texts or datasets or inputs):
        raise click.UsageError("Give a text with --text, or rows with --dataset.")
    _check(settings, backend)
    found = runnable(locate(model))
    header = read_model(found.place.path)
    path = target or Path(f"{stem(found)}.imatrix.gguf")
    calibration.check_output(path, force=force)
    others = [read_imatrix(file) for file in inputs]
    with calibrator_for(found) as (calibrator, engine):
        own = None
        if texts or datasets:
            given = [(text.source, text.content) for text in given_texts(None, texts)] if texts else []
            request = calibration.request_for(
                first_file(found.place.path), header, corpus(given, datasets, header), settings, path,
                special=parse_special, output_weights=output_weights, most_chunks=chunks,
                save_every=save_every,
            )  # fmt: skip
            own = _measured(calibrator, request)
        length = settings.context_length or calibration.DEFAULT_CONTEXT
        whole = calibration.finish(own, others, header, path, engine=engine, context_length=length)
    _tell(found, path, whole, as_json)


def _check(settings: EngineSettings, backend: str | None) -> None:
    """Refuse what would have no effect."""
    usual = EngineSettings()
    vain = {
        "--parallel": settings.parallel != usual.parallel,
        "--speculate": settings.speculation != usual.speculation,
        "--pooling": settings.pooling != usual.pooling,
        "--backend": backend is not None,
    }
    for option, given in vain.items():
        if given:
            raise InvalidRequest(f"{option} has no effect here.", f"Leave {option} out.")


def _measured(calibrator: Calibrator, request: CalibrationRequest) -> ImportanceMatrix:
    news = News()
    if request.done_chunks:
        output.note(f"{wording.count(request.done_chunks, 'piece')} of the text are read already.")

    def tell(done: int, total: int) -> None:
        left = wording.time_left(news.seconds, done - request.done_chunks, total - done)
        news.tell(f"{done:,} of {wording.count(total, 'piece')} of the text{left}")

    try:
        return calibration.calibrate(calibrator, request, tell)
    except KeyboardInterrupt:
        news.end()
        output.note("Stopped. The same command goes on from here.")
        raise
    finally:
        news.end()


def _tell(model: LocalModel, path: Path, matrix: ImportanceMatrix, as_json: bool) -> None:
    unseen = [name for name, entry in matrix.entries.items() if not entry.counts.all()]
    if as_json:
        output.document(
            {
                "model": model.name,
                "path": str(path),
                "tensors": len(matrix.entries),
                "chunks": matrix.chunk_count,
                "chunk_size": matrix.chunk_size,
                "datasets": list(matrix.datasets),
                "partial": unseen,
            }
        )
    else:
        output.line(str(path))
        pieces = wording.count(matrix.chunk_count, "piece")
        tensors = wording.count(len(matrix.entries), "tensor")
        output.note(f"{tensors}, {pieces} of {matrix.chunk_size:,} tokens.")
    if unseen:
        output.note(f"Not every expert had a token, such as some of {unseen[0]}: more text would help.")
