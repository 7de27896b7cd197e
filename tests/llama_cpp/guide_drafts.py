"""Models made of the bundled model's file: some that draft for it, well or badly, and one that is slower."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np

import workbench_guide

LAYERS = 6
Change = Callable[[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]


def cut(path: Path, *, left_out: Sequence[int] = (4,)) -> Path:
    """Without some of its layers: it mostly says the same."""
    return _written(path, [layer for layer in range(LAYERS) if layer not in left_out])


def random(path: Path) -> Path:
    """With random weights: it never says the same."""
    generator = np.random.default_rng(3)

    def changed(name: str, data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return data if data.ndim == 1 else (0.05 * generator.standard_normal(data.shape)).astype(data.dtype)

    return _written(path, range(LAYERS), changed)


def renamed(path: Path, token: int, name: str) -> Path:
    """With another text for one of its tokens."""
    return _written(path, range(LAYERS), tokens=lambda names: [*names[:token], name, *names[token + 1 :]])


def deep(path: Path, layers: int) -> Path:
    """With so many layers in all, of which the further ones add nothing to what the model says."""

    def changed(name: str, data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        further = name.startswith("blk.") and int(name.split(".")[1]) >= LAYERS
        adds = name.endswith(("attn_output.weight", "ffn_down.weight"))
        return np.zeros_like(data) if further and adds else data

    return _written(path, [*range(LAYERS), *[LAYERS - 1] * (layers - LAYERS)], changed)


def _written(
    path: Path,
    layers: Sequence[int],
    change: Change = lambda name, data: data,
    tokens: Callable[[list[str]], list[str]] = lambda names: names,
) -> Path:
    reader = gguf.GGUFReader(workbench_guide.PATH)
    writer = gguf.GGUFWriter(path, "llama")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = len(layers) if key == "llama.block_count" else field.contents()
        value = tokens(value) if key == "tokenizer.ggml.tokens" else value
        writer.add_key_value(key, value, field.types[0], field.types[-1])
    for tensor in reader.tensors:
        for name in _names(tensor.name, layers):
            writer.add_tensor(name, change(name, np.array(tensor.data)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _names(name: str, layers: Sequence[int]) -> list[str]:
    """What the tensor is called where the layers are these of its model's."""
    if not name.startswith("blk."):
        return [name]
    _, number, rest = name.split(".", 2)
    return [f"blk.{place}.{rest}" for place, layer in enumerate(layers) if layer == int(number)]
