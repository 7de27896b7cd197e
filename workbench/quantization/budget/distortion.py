"""How much types change weights: the squared change of each tensor, looked at in some of its rows."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from workbench.gguf import read_model

_MOST_WEIGHTS = 1 << 20
"""Of each tensor that are looked at."""


def squared_changes(source: Path | str, made: Path, tensors: Collection[str]) -> dict[str, float]:
    """By tensor, relative to the squares of the weights themselves. `made` is the source in fewer bits."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    others = {tensor.name: tensor for tensor in GGUFReader(made).tensors}
    shards = [Path(source).with_name(Path(file.name).name) for file in read_model(source).files]
    changes: dict[str, float] = {}
    for tensor in (tensor for shard in shards for tensor in GGUFReader(shard).tensors):
        if tensor.name not in tensors:
            continue
        rows = tensor.data.reshape(-1, tensor.data.shape[-1])
        other = others[tensor.name]
        others_rows = other.data.reshape(-1, other.data.shape[-1])
        step = max(1, int(tensor.n_elements) // _MOST_WEIGHTS)
        weights = dequantize(rows[::step], tensor.tensor_type).astype(np.float64)
        changed = dequantize(others_rows[::step], other.tensor_type)
        changes[tensor.name] = float(
            np.square(weights - changed).sum() / max(np.square(weights).sum(), 1e-30)
        )
    return changes
