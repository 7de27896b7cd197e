"""What is to be made and where it goes: one order for each type, with a name that says which type it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import paths
from workbench.errors import InvalidRequest
from workbench.gguf import first_file, shard_of
from workbench.models import LocalModel
from workbench.models.hub.quant_label import split_name
from workbench.models.stores.folders import model_folders
from workbench.quantize_request import QuantizePlan, QuantizeRequest


@dataclass(frozen=True, slots=True)
class Order:
    """A file to be made at `target`, or shards with numbers before its ending."""

    request: QuantizeRequest
    target: Path


def orders_for(
    model: LocalModel, types: Sequence[str], request: QuantizeRequest, output: Path | None
) -> list[Order]:
    """One for each type, as `request` for the rest. `output` is a file for one type, else a folder.

    Without `output` they go into the models folder. Raises InvalidRequest where names do not go together.
    """
    source = str(first_file(model.place.path))
    if output is not None and len(types) == 1 and not _is_folder(output):
        if output.suffix != ".gguf":
            raise InvalidRequest(
                f"{output} does not end with .gguf.", "Models are looked for by that ending."
            )
        targets = [output]
    else:
        folder = output if output is not None else paths.models_folder()
        targets = [folder / f"{stem(model)}-{kind}.gguf" for kind in types]
    return [
        Order(replace(request, source=source, type=kind), target)
        for kind, target in zip(types, targets, strict=True)
    ]


def stem(model: LocalModel) -> str:
    """What the model's file is called without its ending, its shard's number and its type."""
    path = model.place.path
    name = path.stem if path.suffix == ".gguf" else model.name
    shard = shard_of(path.name)
    bare = split_name(Path(shard.stem).name if shard else name).stem
    return re.sub(r"[^\w.+-]+", "-", bare).strip("-.") or "model"


def final_paths(order: Order, plan: QuantizePlan) -> tuple[Path, ...]:
    """What will be there when the order is done."""
    count = len(plan.file_sizes)
    if count == 1:
        return (order.target,)
    return tuple(order.target.with_name(f"{order.target.stem}{ending}") for ending in shard_endings(count))


def in_model_folders(path: Path) -> bool:
    """Whether the catalogue looks where it is."""
    here = path.resolve()
    return any(here.is_relative_to(folder.resolve()) for folder in model_folders())


def shard_endings(count: int) -> Iterator[str]:
    return (f"-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1))


def _is_folder(path: Path) -> bool:
    return path.is_dir() or str(path).endswith(os.sep)
