"""`workbench embed`: vectors of texts, one line of JSON for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence

import click

from workbench.cli import output
from workbench.cli.options import json_option, loading_options
from workbench.cli.sections import SectionedCommand
from workbench.cli.text_input import Text, given_texts
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.models import model_named

EPILOG = """\b
Examples:
  workbench embed MODEL.gguf "one text" "and another"
  workbench embed MODEL.gguf < lines.txt > vectors.jsonl
  workbench embed MODEL.gguf --in notes.md --in plan.md --json
"""
_AT_ONCE = 256


@click.command(cls=SectionedCommand, epilog=EPILOG)
@click.argument("model")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option("--in", "files", multiple=True, metavar="FILE", help="Take this file as one text; repeatable.")
@json_option
@loading_options
def embed(
    *,
    model: str,
    texts: tuple[str, ...],
    files: tuple[str, ...],
    as_json: bool,
    settings: EngineSettings,
    backend: str | None,
) -> None:
    """Print the vector of each TEXT, as MODEL makes it.

    Without TEXT, each line of standard input is one. A line of the output holds the index of a text, its
    vector of unit length and, of a file, its name.
    """
    given = list(_given(texts, files))
    asyncio.run(_print(model, given, as_json, settings, backend))


def _given(texts: Sequence[str], files: Sequence[str]) -> Iterator[Text]:
    if texts and files:
        raise click.UsageError("Give either TEXT or --in.")
    if files:
        yield from given_texts(None, files)
    elif texts:
        for text in texts:
            yield from given_texts(text, ())
    elif sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("Give TEXT, pipe lines in, or name a file with --in.")
    else:
        (whole,) = given_texts(None, ())
        yield from (Text("", line) for line in whole.content.splitlines() if line)


async def _print(
    model: str, texts: Sequence[Text], as_json: bool, settings: EngineSettings, backend: str | None
) -> None:
    """Some at a time, so that the first lines come soon and the last ones need no more memory."""
    from workbench.cli.loading import opened

    found = model_named(model)
    told: list[dict[str, object]] = []
    tokens = 0
    async with opened(found, settings, backend) as provider:
        if "embed" not in provider.facts.capabilities:
            raise Unsupported(
                "This model makes no embeddings.",
                "Use one that was made for them, or give --pooling last or mean.",
            )
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            made = await provider.embed([text.content for text in some])
            tokens += made.prompt_tokens
            for index, (text, vector) in enumerate(zip(some, made.vectors, strict=True), start):
                row: dict[str, object] = {"index": index, "embedding": list(vector)}
                row |= {"source": text.source} if text.source else {}
                told.append(row) if as_json else output.json_line(row)
    if as_json:
        output.document({"model": found.name, "tokens": tokens, "embeddings": told})
