"""`workbench quantize FOLDER TYPE` for types that another program makes, such as EXL3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from workbench import paths
from workbench.cli import output
from workbench.cli.terminal import StatusLine
from workbench.errors import InvalidRequest
from workbench.models import LocalModel
from workbench.quantization.by_tool import make
from workbench.quantization.orders import stem
from workbench.quantization.tool_registry import tool_for, tools
from workbench.quantize_request import QuantType
from workbench.quantize_tool import QuantizeTool


def make_folder(
    tool: QuantizeTool, kind: str, model: LocalModel, bits: float | None, target: Path | None, as_json: bool
) -> None:
    """Make it and tell where it is. Raises as `make` does, and InvalidRequest for what is no original."""
    if model.place.kind != "safetensors":
        raise InvalidRequest(
            f"{kind} is made of an original in safetensors, and {model.name} is none.",
            "Give the folder as transformers saves it; `workbench pull org/repo` fetches one.",
        )
    ending = kind if bits is None else f"{kind}-{bits:g}bpw"
    folder = target or paths.models_folder() / f"{stem(model)}-{ending}"
    status = StatusLine()

    def report(doing: str, share: float | None) -> None:
        status.show(f"{kind}: {doing}" + ("" if share is None else f", {share:.0%}"))

    try:
        make(tool, model.path, kind, bits, folder, report)
    finally:
        status.clear()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if as_json:
        output.document(
            {"model": model.name, "results": [{"type": kind, "path": str(folder), "size_bytes": size}]}
        )
    else:
        output.line(str(folder))


def the_tool_for(types: Sequence[str]) -> tuple[QuantizeTool, str] | None:
    """The tool that makes the one type, and its name; None where it is another kind of type."""
    found = [tool_for(name) for name in types]
    if len(types) > 1 and any(found):
        raise InvalidRequest("Tools of other engines make one type at a time.", "Name one type.")
    return found[0] if found else None


def refuse_unused(context: click.Context, used: Sequence[str]) -> None:
    """Raise UsageError for an option that was given and that tools do not take."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if isinstance(parameter, click.Option) and given and name not in used:
            raise click.UsageError(f"{parameter.opts[-1]} is for GGUF files.")


def types_of_tools() -> list[QuantType]:
    return [kind for tool in tools() for kind in tool.types]


def rows_of_tools() -> list[tuple[str, str, str]]:
    """Each type of each tool: name, bits per weight, and advice."""
    return [
        (
            kind.name,
            f"{kind.bits_per_weight:.2f}" if kind.bits_per_weight else "",
            kind.advice + (" Not installed." if tool.missing() else ""),
        )
        for tool in tools()
        for kind in tool.types
    ]
