"""What would go wrong with an order, told before a byte is written. Knows no engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InvalidRequest
from workbench.models.transfer.disk import check_space
from workbench.quantization.orders import Order, final_paths
from workbench.quantize_request import QuantizePlan, QuantizeRequest

if TYPE_CHECKING:
    from workbench.imatrix import ImportanceMatrix

_WITHOUT_ENTRY = ("token_embd.weight", "per_layer_token_embd.weight", "output.weight")
_PLAIN = ("F32", "F16", "BF16", "F64")


def check_plan(request: QuantizeRequest, plan: QuantizePlan) -> None:
    """Raise InvalidRequest where the weights are quantized already, or a matrix is missing."""
    if plan.requantized and not request.allow_requantize:
        first = plan.requantized[0]
        raise InvalidRequest(
            f"The weights are quantized already: {first.name} is {first.source_type}. Doing it again costs "
            "quality twice.",
            "Take the original, or give --allow-requantize.",
        )
    if plan.needs_importance:
        raise InvalidRequest(
            f"{request.type} needs an importance matrix.",
            "Make one with `workbench imatrix` and give it with --imatrix, or take a type of more bits.",
        )


def check_importance(matrix: ImportanceMatrix, plan: QuantizePlan) -> Iterator[str]:
    """Yields what the matrix leaves open, in sentences. Raises InvalidRequest where it is another model's."""
    quantized = {tensor.name: tensor.shape for tensor in plan.tensors if tensor.type not in _PLAIN}
    if not quantized:
        return
    check_matrix(matrix, quantized)
    missing = [name for name in quantized if name not in (*matrix.entries, *_WITHOUT_ENTRY)]
    if missing:
        yield f"The importance matrix says nothing of {len(missing)} tensors, such as {missing[0]}."


def check_matrix(matrix: ImportanceMatrix, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise InvalidRequest where it is not of the model whose tensors have these shapes, in ggml's order."""
    known = [name for name in shapes if name in matrix.entries]
    if not known:
        raise _of_another("it has none of its tensors")
    for name in known:
        shape, found = shapes[name], matrix.entries[name].sums.size
        expected = shape[0] * (shape[2] if len(shape) > 2 else 1)
        if found != expected and name != "token_embd.weight":
            raise _of_another(f"it has {found:,} values for {name}, which needs {expected:,}")


def _of_another(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The importance matrix is of another model: {why}.",
        "Make one of this model with `workbench imatrix`.",
    )


def check_targets(
    orders: Sequence[Order], plans: Sequence[QuantizePlan], sources: Sequence[Path], *, force: bool
) -> None:
    """Raise InvalidRequest for names that are taken, and NoSpace where all together do not fit."""
    every: dict[Path, str] = {}
    needed: dict[Path, int] = {}
    for order, plan in zip(orders, plans, strict=True):
        for path, size in zip(final_paths(order, plan), plan.file_sizes, strict=True):
            _check_name(path, sources, every, force=force)
            every[path] = order.request.type
            needed[path.parent] = needed.get(path.parent, 0) + size
    for folder, size in needed.items():
        check_space(folder, size, "Make room, or give another folder with -o.")


def _check_name(path: Path, sources: Sequence[Path], others: dict[Path, str], *, force: bool) -> None:
    if any(path.exists() and os.path.samefile(path, source) for source in sources):
        raise InvalidRequest(f"{path} is the model itself.", "Give another name with -o.")
    if path in others:
        raise InvalidRequest(f"{others[path]} was asked for twice.", "Name each type once.")
    if path.is_dir() or (path.exists() and not force):
        raise InvalidRequest(f"{path} exists already.", "--force replaces it, -o names another one.")
