"""`workbench convert`: a model as transformers saves it, made into a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.options import json_option
from workbench.cli.terminal import StatusLine
from workbench.errors import InvalidModel
from workbench.models.locating import is_path, locate

if TYPE_CHECKING:
    from workbench.conversion.converting import Converted

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("name", metavar="HF_FOLDER")
@click.option(
    "--type",
    "output_type",
    type=click.Choice(["auto", "f32", "f16", "bf16", "q8_0"]),
    default="auto",
    show_default=True,
    help="Type of the matrices; auto keeps what the model has.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; NAME-TYPE.gguf if left out.",
)
@click.option(
    "--pre", default="", help="llama.cpp's name of how the tokenizer finds words, where it is not recognised."
)
@click.option("--base", type=_FOLDER, help="Of a LoRA adapter: the folder of the model it was made for.")
@click.option("--merge", type=_FOLDER, help="Of a LoRA adapter: merge it into the model in this folder.")
@json_option
def convert(
    *,
    name: str,
    output_type: str,
    path: Path | None,
    pre: str,
    base: Path | None,
    merge: Path | None,
    as_json: bool,
) -> None:
    """Make a GGUF file of a model's folder, with its tokenizer and its chat templates, or of a LoRA adapter.

    HF_FOLDER holds config.json, safetensors and a tokenizer, as transformers saves them and the hub keeps
    them; a name such as org/repo means what was pulled from there. Nothing in it is executed; pickles (.bin,
    .pt) are refused. The file appears whole or not at all.
    """
    from workbench.conversion.converting import Choices, convert
    from workbench.conversion.converting_adapters import convert_adapter, holds_adapter

    folder, called = _folder_of(name)
    if (base or merge) and not holds_adapter(folder):
        raise click.UsageError("--base and --merge go with the folder of a LoRA adapter.")
    choices = Choices(output=path, type=output_type, pre=pre, name=called)
    status = StatusLine()

    def advance(what: str, done: int, total: int) -> None:
        status.show(f"{wording.size(done)} of {wording.size(total)} {what}")

    try:
        if merge:
            made = convert(merge, choices, advance, adapter=folder)
        elif holds_adapter(folder):
            made = convert_adapter(folder, base, choices, advance)
        else:
            made = convert(folder, choices, advance)
    finally:
        status.clear()
    _tell(made, as_json)


def _folder_of(name: str) -> tuple[Path, str]:
    """The folder, and what to call the model in it where the folder's own name says nothing."""
    if is_path(name) or Path(name).is_dir():
        return Path(name).expanduser(), ""
    found = locate(name).place
    if found.kind != "safetensors":
        raise InvalidModel(
            f"{found.name} is a model of the kind {found.kind}.", "safetensors can be converted."
        )
    return found.path, found.name.rpartition("/")[2]


def _tell(made: Converted, as_json: bool) -> None:
    if as_json:
        output.document(
            {
                "path": str(made.path),
                "architecture": made.architecture,
                "type": made.type,
                "size_bytes": made.size_bytes,
                "tensors": made.tensors,
                "source_sha256": made.source_sha256,
                "notes": list(made.notes),
            }
        )
        return
    output.line(str(made.path))
    size = wording.size(made.size_bytes)
    output.note(f"{made.architecture}, {made.type.upper()}, {size} in {made.tensors} tensors.")
    for note in made.notes:
        output.note(note)
