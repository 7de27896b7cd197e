"""`workbench tokens`: text counted, shown and cut by a model's own tokenizer."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from workbench.backend import Provider
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.cli.text_input import Text, given_texts
from workbench.engine_settings import EngineSettings
from workbench.models import model_named

EPILOG = """\b
Examples:
  workbench tokens guide "How many tokens is this?"
  workbench tokens MODEL.gguf --in book.txt --in notes.md
  workbench tokens MODEL.gguf --truncate 2000 < book.txt > beginning.txt
"""


@click.command(epilog=EPILOG)
@click.argument("model")
@click.argument("text", required=False)
@click.option("--in", "files", multiple=True, metavar="FILE", help="Take the text of this file; repeatable.")
@click.option("--show", is_flag=True, help="Print each token, its id and what it stands for.")
@click.option(
    "--truncate", "most", type=click.IntRange(min=0), metavar="N", help="Print the text cut to N tokens."
)
@click.option(
    "--special", is_flag=True, help="Read control tokens in the text, and add what the model begins with."
)
@json_option
def tokens(
    *,
    model: str,
    text: str | None,
    files: tuple[str, ...],
    show: bool,
    most: int | None,
    special: bool,
    as_json: bool,
) -> None:
    """Count the tokens of TEXT as MODEL reads it.

    Without TEXT, or where it is -, standard input is read. The weights are not loaded, so that this takes a
    moment for any model.
    """
    _check(text, files, show, most)
    found = model_named(model)
    texts = list(given_texts(text, files))
    answer = asyncio.run(_answer(found.location, texts, most, special=special))
    if as_json:
        output.document({"model": found.name, **answer.document(show)})
    elif most is not None:
        _print_cut(answer)
    elif show:
        _print_tokens(answer)
    else:
        _print_counts(answer)


@dataclass(frozen=True, slots=True)
class Counted:
    """A text, its tokens and their pieces."""

    text: Text
    ids: Sequence[int]
    pieces: Sequence[bytes]

    def document(self, show: bool) -> dict[str, object]:
        facts: dict[str, object] = {
            "source": self.text.source or None,
            "tokens": len(self.ids),
            "characters": len(self.text.content),
            "bytes": len(self.text.content.encode()),
        }
        shown = [
            {"id": id, "text": piece.decode(errors="backslashreplace")}
            for id, piece in zip(self.ids, self.pieces, strict=True)
        ]
        return {**facts, "pieces": shown} if show else facts


@dataclass(frozen=True, slots=True)
class Answer:
    """All texts counted; `cut` is the first one cut, where that was asked for."""

    counted: Sequence[Counted]
    cut: str | None = None

    @property
    def total(self) -> int:
        return sum(len(one.ids) for one in self.counted)

    def document(self, show: bool) -> dict[str, object]:
        texts = [one.document(show) for one in self.counted]
        cut = {} if self.cut is None else {"text": self.cut}
        return {"tokens": self.total, "texts": texts, **cut}


def _check(text: str | None, files: Sequence[str], show: bool, most: int | None) -> None:
    if text is not None and files:
        raise click.UsageError("Give either TEXT or --in.")
    if show and most is not None:
        raise click.UsageError("--show and --truncate print different things; give one of them.")
    if len(files) > 1 and most is not None:
        raise click.UsageError("--truncate cuts one text; give one --in.")
    if text is None and not files and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Give TEXT, pipe it in, or name a file with --in.")


async def _answer(model: str, texts: Sequence[Text], most: int | None, *, special: bool) -> Answer:
    from workbench.models.tokens import truncated
    from workbench.runtime import open_model

    provider = await open_model(model, EngineSettings(vocabulary_only=True))
    try:
        if most is None:
            return Answer([await _counted(provider, text, special) for text in texts])
        cut = await truncated(provider, texts[0].content, most, special=special)
        return Answer([await _counted(provider, Text(texts[0].source, cut), special)], cut)
    finally:
        await provider.close()


async def _counted(provider: Provider, text: Text, special: bool) -> Counted:
    ids = await provider.tokenize(text.content, special=special)
    return Counted(text, ids, await provider.pieces(ids))


def _print_counts(answer: Answer) -> None:
    if len(answer.counted) == 1:
        output.line(str(answer.total))
        return
    rows = [(str(len(one.ids)), one.text.source) for one in answer.counted]
    output.table(("tokens", "file"), [*rows, (str(answer.total), "in all")], right=(0,))


def _print_tokens(answer: Answer) -> None:
    rows = [
        (str(id), shown_piece(piece))
        for one in answer.counted
        for id, piece in zip(one.ids, one.pieces, strict=True)
    ]
    output.table(("id", "text"), rows, right=(0,))


def shown_piece(piece: bytes) -> str:
    """The piece in quotes; parts of characters, and what would steer a terminal, in hexadecimal."""
    text = piece.decode(errors="backslashreplace")
    quoted = json.dumps(text, ensure_ascii=False).replace("\\\\x", "\\x")
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in quoted)


def _print_cut(answer: Answer) -> None:
    cut = answer.cut or ""
    output.write(cut)
    if sys.stdout.isatty() and not cut.endswith("\n"):
        output.line()
