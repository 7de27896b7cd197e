"""A model's header without its last layers: what llama.cpp would have to read of a model that ends sooner.

Everything outside the layers stays as it is. Knows what llama.cpp derives from the number of layers, and
nothing of files.
"""

from __future__ import annotations

from dataclasses import replace

from workbench.errors import InvalidModel
from workbench.gguf import Array, Header, TensorInfo, Value, array_of

_ALL_LAYERS_IN_ONE = {"per_layer_token_embd.weight": 0, "per_layer_model_proj.weight": 1}
"""Tensors with a part for each layer, and the dimension in which these lie."""
_OF_FOUR = "rope.dimension_sections"
"""A list of four that is none of layers, also where there are four."""


def first_layers(header: Header, count: int) -> Header:
    """The header of a model that ends after so many layers. Raises InvalidModel where it has not so many."""
    layers = header.number(f"{header.architecture}.block_count") or 0
    if not 0 < count <= layers:
        raise InvalidModel(f"{header.source_name} has {layers} layers, not {count}.", "Ask for fewer.")
    kept = (tensor for tensor in header.tensors if tensor.layer is None or tensor.layer < count)
    tensors = tuple(_shortened(tensor, count, layers) for tensor in kept)
    return replace(header, metadata=_metadata(header, count, layers), tensors=tensors)


def _shortened(tensor: TensorInfo, count: int, layers: int) -> TensorInfo:
    at = _ALL_LAYERS_IN_ONE.get(tensor.name)
    if at is None or len(tensor.shape) <= at:
        return tensor
    shape = list(tensor.shape)
    shape[at] = shape[at] // layers * count
    return replace(tensor, shape=tuple(shape))


def _metadata(header: Header, count: int, layers: int) -> dict[str, Value]:
    prefix = f"{header.architecture}."
    found = {key: _value(key, value, count, layers, prefix) for key, value in header.metadata.items()}
    found[f"{prefix}block_count"] = count
    found.pop(f"{prefix}nextn_predict_layers", None)  # they lie behind the others
    if shared := header.number(f"{prefix}attention.shared_kv_layers"):
        found[f"{prefix}attention.shared_kv_layers"] = max(0, count - (layers - shared))
    if header.architecture == "deepseek2":  # that there is none is told by the number of layers else
        found.setdefault(f"{prefix}attention.q_lora_rank", 0)
    return found


def _value(key: str, value: Value, count: int, layers: int, prefix: str) -> Value:
    """Of a list with an element for each layer, those of the layers that stay."""
    of_layers = isinstance(value, Array) and len(value) == layers and key.startswith(prefix)
    if not of_layers or key.endswith(_OF_FOUR):
        return value
    assert isinstance(value, Array)
    return array_of(key, value.element_type, value[:count])
