"""`workbench lab`: a model in many types, measured, and one of them recommended and made."""

from __future__ import annotations

from pathlib import Path

import click

from workbench.cli import output
from workbench.cli.option_types import MEMORY
from workbench.cli.options import engine_options, json_option
from workbench.cli.sections import SectionedCommand
from workbench.cli.text_input import given_texts
from workbench.engine_settings import EngineSettings
from workbench.models import locate
from workbench.models.runnable import runnable

EPILOG = """\b
Examples:
  workbench lab MODEL-F16.gguf --size 6GiB -o small.gguf
  workbench lab MODEL-F16.gguf --fits "RTX 4070" --text notes.txt --report lab.html
"""


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.option("--size", type=MEMORY, help="The file may be so large, such as 6GiB.")
@click.option("--fits", "card", metavar="CARD", help='It shall fit on this card, such as "RTX 4070".')
@click.option("--machine", "here", is_flag=True, help="It shall fit on this machine; so it is if left out.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Try this type; repeatable.")
@click.option("--text", "texts", multiple=True, metavar="FILE", help="Judge by this text; repeatable.")
@click.option("--windows", type=click.IntRange(min=1), metavar="N", help="Judge by N windows at most.")
@click.option("--imatrix", "importance", default="", metavar="FILE", help="Use this importance matrix.")
@click.option("--no-budget", "budget", is_flag=True, flag_value=False, default=True, help="Try mixes alone.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="Make the recommended file.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE", help="Write a page (.html or .svg)."
)
@json_option
@engine_options
def lab(
    *,
    model: str,
    size: int | None,
    card: str | None,
    here: bool,
    types: tuple[str, ...],
    texts: tuple[str, ...],
    windows: int | None,
    importance: str,
    budget: bool,
    target: Path | None,
    force: bool,
    report: Path | None,
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Find the best file of MODEL for a size, a card or this machine.

    MODEL is tried in llama.cpp's usual types, and in one mix made to measure: a type for each group of
    tensors, by what each was found to cost. A first half of the text finds that out, the second half judges.
    Each file is made, measured and removed again; -o keeps the one that is recommended.
    """
    if sum((size is not None, card is not None, here)) > 1:
        raise click.UsageError("Give one of --size, --fits and --machine.")
    if report is not None and report.suffix not in (".html", ".svg"):
        raise click.UsageError("A report is an .html or an .svg file.")
    from workbench.cli import lab_report
    from workbench.cli.lab_run import Wanted, made, run

    found = runnable(locate(model))
    wanted = Wanted(
        model=found,
        size=size,
        card=card,
        types=types,
        text="\n".join(text.content for text in given_texts(None, texts)) if texts else None,
        most_windows=windows,
        importance=importance,
        budget=budget,
        settings=settings,
        backend=backend,
    )
    outcome = run(wanted)
    if report is not None:
        lab_report.write(report, found, outcome)
    if as_json:
        output.document(lab_report.document(found, outcome))
    else:
        lab_report.show(found, outcome)
    if target is not None and outcome.recommendation.candidate is not None:
        path = made(found, outcome.recommendation.candidate.proposal, target, force=force)
        output.note(f"Made {path}.")
