"""A LoRA adapter made into a GGUF file of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gguf
import numpy as np

from workbench.conversion.adapter import CONFIG, Adapter, Change, read_adapter
from workbench.conversion.converting import Advance, Choices, Converted, digest_of, new_writer, read_config
from workbench.conversion.element_types import Floats
from workbench.conversion.families import family_of
from workbench.conversion.family import Family
from workbench.conversion.gguf_output import Weight, closest_type, write_gguf
from workbench.conversion.sources import Changed, Source, Transposed
from workbench.errors import InvalidModel, Unsupported


def convert_adapter(folder: Path, base: Path | None, choices: Choices, advance: Advance) -> Converted:
    """`base` is the folder of the model it was made for, of which config.json is read.

    Without it, the folder that the adapter names is taken. Raises as convert does; there is then no file.
    """
    adapter = read_adapter(folder)
    family = family_of(read_config(base or _named_base(adapter)))
    weights = [weight for change in adapter.changes for weight in _weights(family, change, adapter.alpha)]
    chosen = closest_type(adapter.commonest_type) if choices.type == "auto" else choices.type
    name = choices.name or folder.resolve().name
    path = choices.output or Path(f"{name}-LoRA-{chosen.upper()}.gguf")
    digest = digest_of(list(adapter.files), advance)
    writer = new_writer(family.architecture, name, digest)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.alpha)
    write_gguf(path, writer, weights, chosen, lambda done, total: advance("written", done, total))
    size = path.stat().st_size
    return Converted(path, f"{family.architecture} LoRA", chosen, size, len(weights), digest, ())


def holds_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def _named_base(adapter: Adapter) -> Path:
    named = Path(adapter.config.text("base_model_name_or_path"))
    if named.name and named.is_dir():
        return named
    raise InvalidModel(
        f"The adapter was made for {str(named) or 'a model that it does not name'}.",
        "Name the folder of that model with --base; its config.json is enough.",
    )


def _weights(family: Family, change: Change, alpha: float) -> list[Weight]:
    if not family.holds_weights(change.name) or ".experts." in change.name:
        raise Unsupported(f"An adapter that changes {change.name} is not known.", "Merge it with --merge.")
    placed = list(family.place(change.name, change.left))
    if len(placed) != 1 or placed[0][1].shape != change.left.shape:
        raise Unsupported(f"An adapter that changes {change.name} is not known.", "Merge it with --merge.")
    new, left = placed[0]
    second: Source
    name = family.gguf_name(new, change.name)
    # Engines take alpha / rank for the strength, so that another one goes into the matrix.
    factor = change.strength * change.rank / alpha if alpha else 0.0
    first, second = (left, Transposed(change.right)) if change.is_table else (change.right, left)
    second = second if factor == 1 else Changed(second, partial(_times, np.float32(factor)))
    return [Weight(f"{name}.lora_a", first), Weight(f"{name}.lora_b", second)]


def _times(factor: np.float32, values: Floats) -> Floats:
    return values * factor
