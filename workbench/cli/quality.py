"""`workbench quality`: what a quantization costs, measured against the model it was made of."""

from __future__ import annotations

import click

from workbench.cli import output
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.text_input import given_texts
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.models import locate
from workbench.models.runnable import runnable

EPILOG = """\b
Examples:
  workbench quality MODEL-F16.gguf MODEL-Q8_0.gguf MODEL-Q4_K_M.gguf
  workbench quality MODEL-F16.gguf MODEL-Q4_K_M.gguf --text book.txt --text letters.txt --windows 50
"""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("base")
@click.argument("quants", nargs=-1, metavar="[QUANT]...")
@click.option("--text", "texts", multiple=True, metavar="FILE", help="Judge by this text; repeatable.")
@click.option(
    "--windows", type=click.IntRange(min=1), metavar="N", help="Judge by the first N windows of the text."
)
@click.option("--prompts", metavar="FILE", help="Compare answers to these prompts, one on a line.")
@click.option(
    "--no-answers", "answers", is_flag=True, flag_value=False, default=True, help="Compare no answers."
)
@json_option
@engine_options
def quality(
    *,
    base: str,
    quants: tuple[str, ...],
    texts: tuple[str, ...],
    windows: int | None,
    prompts: str | None,
    answers: bool,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Measure how far each QUANT is from BASE, the model it was made of.

    The text is read in windows of --context tokens, 512 if left out, and the second half of each is judged,
    as llama-perplexity does it. Without --text it is a bundled one. What BASE expects is kept, so that it is
    loaded once, and what was interrupted goes on where it stopped.
    """
    if prompts and not answers:
        raise click.UsageError("Give either --prompts or --no-answers.")
    from workbench.cli import quality_report
    from workbench.cli.quality_trial import Asked, measured

    models = [runnable(locate(name)) for name in (base, *quants)]
    asked = Asked(
        text=_text(texts),
        most_windows=windows,
        prompts=_prompts(prompts) if answers else (),
        settings=settings,
        backend=backend,
    )
    results = measured(models, asked)
    if as_json:
        output.document(quality_report.document(models, results))
    else:
        quality_report.show(models, results)


def _text(files: tuple[str, ...]) -> str:
    from workbench.quantization.quality.bundled import sample_text

    return "\n".join(text.content for text in given_texts(None, files)) if files else sample_text()


def _prompts(file: str | None) -> tuple[str, ...]:
    from workbench.quantization.quality.bundled import sample_prompts

    if file is None:
        return sample_prompts()
    (text,) = given_texts(None, (file,))
    lines = tuple(line for line in text.content.splitlines() if line.strip())
    if not lines:
        raise InvalidRequest(f"There is no prompt in {file}.", "Write one on each line.")
    return lines
