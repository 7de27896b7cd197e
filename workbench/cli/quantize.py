"""`workbench quantize`: a model in fewer bits, in one type or several."""

from __future__ import annotations

from pathlib import Path

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.option_types import TENSOR_TYPE
from workbench.cli.options import json_option
from workbench.cli.quantize_by_tool import (
    make_folder,
    refuse_unused,
    rows_of_tools,
    the_tool_for,
    types_of_tools,
)
from workbench.cli.transfer_report import report_on
from workbench.models import LocalModel, locate
from workbench.quantization.making import Made, Making
from workbench.quantization.opening import any_quantizer, quantizer_for
from workbench.quantization.orders import in_model_folders, orders_for
from workbench.quantize_request import QuantizePlan, QuantizeRequest, TensorType

EPILOG = """\b
Examples:
  workbench quantize --types
  workbench quantize model-F16.gguf --dry-run
  workbench quantize model-F16.gguf Q4_K_M Q6_K
  workbench quantize model-F16.gguf IQ3_XXS --imatrix imatrix.gguf -o small.gguf
"""


@click.command(epilog=EPILOG)
@click.argument("model", required=False)
@click.argument("types", metavar="TYPE...", nargs=-1)
@click.option("--types", "listing", is_flag=True, help="List the types and when to use them.")
@click.option("--dry-run", is_flag=True, help="Say how large it will be, of all types if none is named.")
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path),
    help="File, or folder for several types; the models folder if left out.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--imatrix", "importance", default="", metavar="FILE", help="Use this importance matrix.")
@click.option(
    "--tensor-type", "tensor_types", type=TENSOR_TYPE, multiple=True,
    help="Give the tensors in whose name REGEX is found this type; repeatable.",
)  # fmt: skip
@click.option("--output-type", default="", metavar="TYPE", help="Type of the output matrix.")
@click.option("--embedding-type", default="", metavar="TYPE", help="Type of the token embeddings.")
@click.option("--leave-output", is_flag=True, help="Keep the output matrix as it is.")
@click.option("--pure", is_flag=True, help="Use the one type for all tensors, not its mix.")
@click.option("--keep-split", is_flag=True, help="Write as many shards as the model has.")
@click.option("--allow-requantize", is_flag=True, help="Take weights that are quantized already.")
@click.option("--no-provenance", is_flag=True, help="Write nothing about the source into the file.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads.")
@click.option(
    "--bits", type=click.FloatRange(min=1, max=8), help="Bits per weight of EXL2 and EXL3, such as 3.5."
)
@json_option
def quantize(
    *,
    model: str | None,
    types: tuple[str, ...],
    listing: bool,
    dry_run: bool,
    target: Path | None,
    force: bool,
    tensor_types: tuple[TensorType, ...],
    no_provenance: bool,
    bits: float | None,
    as_json: bool,
    **settings: object,
) -> None:
    """Make files of MODEL in fewer bits, one for each TYPE.

    They appear whole or not at all. What each was made of stands in its metadata, and `workbench show` tells
    it. Several types are made one after the other: llama.cpp reads the model anew for each, from memory where
    it fits there. Of a folder in safetensors, tools that are installed make the types of other engines.
    """
    if listing:
        _list_types(as_json)
        return
    if model is None:
        raise click.UsageError("Name a model, or give --types.")
    if not types and not dry_run:
        raise click.UsageError("Name a type; --types lists them.")
    found = locate(model)
    if found.place.kind != "gguf" and (by_tool := the_tool_for(types)) is not None:
        refuse_unused(click.get_current_context(), ("bits", "target", "as_json"))
        make_folder(*by_tool, found, bits, target, as_json)
        return
    if bits is not None:
        raise click.UsageError("--bits is for EXL2 and EXL3, which are made of a folder in safetensors.")
    with quantizer_for(found) as (quantizer, engine):
        named = [quantizer.type_named(name).name for name in types] or [one.name for one in quantizer.types]
        request = QuantizeRequest(source="", type="", tensor_types=tensor_types, **settings)  # type: ignore[arg-type]
        orders = orders_for(found, named, request, target)
        making = Making(quantizer, found, orders, "" if no_provenance else engine)
        plans = making.plans()
        if dry_run:
            _show_plans(found, making, plans, as_json)
            return
        for note in making.check(plans, force=force):
            output.note(note)
        if request.allow_requantize and any(plan.requantized for plan in plans):
            output.note("The weights were quantized before: the result is worse than one of the original.")
        _make(found, making, plans, as_json)


def _list_types(as_json: bool) -> None:
    kinds = any_quantizer().types
    if as_json:
        output.document(
            [
                {"type": kind.name, "bits_per_weight": kind.bits_per_weight, "advice": kind.advice}
                for kind in (*kinds, *types_of_tools())
            ]
        )
        return
    rows = [
        (kind.name, f"{kind.bits_per_weight:.2f}" if kind.bits_per_weight else "", kind.advice)
        for kind in kinds
    ]
    output.table(("type", "bits/weight", "when to use it"), rows + rows_of_tools(), right=(1,))
    output.note("Bits per weight are those of Llama 3.1 8B; `--dry-run` tells those of your model.")


def _show_plans(model: LocalModel, making: Making, plans: list[QuantizePlan], as_json: bool) -> None:
    if as_json:
        results = [
            {**_result(order.request.type, plan), "files": list(plan.file_sizes), "notes": list(plan.notes),
             "needs_imatrix": plan.needs_importance, "requantizes": bool(plan.requantized),
             "tensors": {tensor.name: tensor.type for tensor in plan.tensors}}
            for order, plan in zip(making.orders, plans, strict=True)
        ]  # fmt: skip
        output.document({"model": model.name, "dry_run": True, "results": results})
        return
    rows = [
        (order.request.type, f"{plan.size_bytes:,}", wording.size(plan.size_bytes),
         f"{plan.bits_per_weight:.2f}", _remark(plan))
        for order, plan in zip(making.orders, plans, strict=True)
    ]  # fmt: skip
    output.table(("type", "bytes", "size", "bits/weight", ""), rows, right=(1, 2, 3))


def _remark(plan: QuantizePlan) -> str:
    if plan.needs_importance:
        return "needs --imatrix"
    return "needs --allow-requantize" if plan.requantized else ""


def _make(model: LocalModel, making: Making, plans: list[QuantizePlan], as_json: bool) -> None:
    results = []
    try:
        with report_on(model.name, False) as report:
            for made in making.make(plans, report):
                results.append(_result(made.order.request.type, made.plan) | _place(made))
                if not as_json:
                    _tell(made)
    finally:
        if as_json and results:
            output.document({"model": model.name, "results": results})


def _tell(made: Made) -> None:
    for path in made.paths:
        output.line(str(path))
    bits = f"{made.plan.bits_per_weight:.2f} bits per weight"
    output.note(f"{wording.size(made.plan.size_bytes)}, {bits}, in {wording.seconds(made.seconds)}.")
    if not in_model_folders(made.paths[0]):
        output.note("`workbench models` does not look there: name it by its path.")


def _result(kind: str, plan: QuantizePlan) -> dict[str, object]:
    return {"type": kind, "size_bytes": plan.size_bytes, "bits_per_weight": plan.bits_per_weight}


def _place(made: Made) -> dict[str, object]:
    paths = [str(path) for path in made.paths]
    return {"path": paths[0], "paths": paths, "seconds": made.seconds}
