"""What mlc-chat-config.json says of a model, and the memory that MLC's engine takes for it.

The formula is the engine's own, of cpp/serve/config.cc. It leaves out the buffers of the compiled functions,
which stand in the library that is compiled for the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from workbench.errors import InvalidModel, ModelNotFound

NAME = "mlc-chat-config.json"
_MOST_BYTES = 4 << 20
_FIXED_BYTES = 48 << 20


class _Document(msgspec.Struct):
    model_type: str = ""
    quantization: str = ""
    context_window_size: int = 0
    sliding_window_size: int = -1
    prefill_chunk_size: int = 0
    vocab_size: int = 0
    tensor_parallel_shards: int = 1
    model_task: str = "chat"
    model_config: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MlcModel:
    """A model in a folder.

    Attributes:
        weights_bytes: Of the files with parameters.
        chunk: Tokens that are read at once.
    """

    architecture: str
    quantization: str
    context_length: int
    vocabulary_size: int
    weights_bytes: int
    chunk: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int

    def memory_bytes(self, context_length: int, parallel: int) -> int:
        """What so many requests take, each with that context."""
        chunk, heads, tokens = self.chunk, self.heads, context_length * parallel
        per_token = self.head_dim * self.kv_heads * self.layers * 4 + 1.25
        beside = (parallel + 1) * 88 + chunk * (heads + 1) * 8 + _FIXED_BYTES
        beside += chunk * self.head_dim * (heads + self.kv_heads) * 4
        work = chunk * 4 + parallel * 4 + (2 * chunk + parallel) * self.hidden * 2
        logits = parallel * 20 + parallel * self.vocabulary_size * 16.125
        return int(self.weights_bytes + beside + work + logits + per_token * tokens)


def read_config(folder: Path) -> MlcModel:
    """Raises ModelNotFound and InvalidModel."""
    path = folder / NAME
    if not path.is_file():
        raise ModelNotFound(
            f"There is no {NAME} in {folder}.", "Name a folder that `mlc_llm gen_config` wrote."
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InvalidModel(f"{path} is larger than {_MOST_BYTES} bytes.", "Make it again.")
        told = msgspec.json.decode(path.read_bytes(), type=_Document)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidModel(
            f"{path} cannot be read: {error}.", "Make it again with `mlc_llm gen_config`."
        ) from None
    shape = _Shape(told.model_config)
    heads = shape.number("num_attention_heads", "n_head")
    hidden = shape.number("hidden_size", "n_embd")
    return MlcModel(
        architecture=told.model_type,
        quantization=told.quantization,
        context_length=max(told.context_window_size, told.sliding_window_size, 0),
        vocabulary_size=told.vocab_size,
        weights_bytes=sum(file.stat().st_size for file in folder.glob("params_shard_*.bin")),
        chunk=told.prefill_chunk_size if told.prefill_chunk_size > 0 else 2048,
        layers=shape.number("num_hidden_layers", "n_layer"),
        heads=heads,
        kv_heads=shape.number("num_key_value_heads") or heads,
        head_dim=shape.number("head_dim") or (hidden // heads if heads else 0),
        hidden=hidden,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    values: dict[str, Any]

    def number(self, *names: str) -> int:
        found = (self.values.get(name) for name in names)
        return next((value for value in found if isinstance(value, int) and value > 0), 0)
