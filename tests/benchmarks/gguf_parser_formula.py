"""How gguf-parser-go 0.25 reckons the memory of a GPU that holds a whole model, with flash attention.

Written from its description: the last layer stands for all when it comes to computing, logits are kept
twice for each token of a batch, and five architectures have sliding windows. Knows nothing of what is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.gguf import Array, Header, TensorInfo

_BATCH, _LOGICAL_BATCH = 512, 2048
_WINDOWS = {"llama4": (8192, 4), "gemma2": (4096, 2), "gemma3": (0, 6), "cohere2": (0, 4)}
"""The window where the header names none, and of how many layers one sees everything."""
_RECURRENT = {"mamba", "mamba2", "rwkv6", "rwkv7"}
_INPUT = re.compile(r"(position|token)_")


def gguf_parser(header: Header, context: int, element: float) -> int:
    return _Parsed(header, context, element).total()


class _Parsed:
    def __init__(self, header: Header, context: int, element: float) -> None:
        self.header, self.context, self.element = header, context, element
        self.layers, self.hidden = self.number("block_count"), self.number("embedding_length")
        heads = self.number("attention.head_count")
        self.kv_heads = self.number("attention.head_count_kv", heads)
        width = self.hidden // heads if heads else 0
        self.key = self.number("attention.key_length") or width
        self.value = self.number("attention.value_length") or width
        self.recurrent = header.architecture in _RECURRENT

    def number(self, name: str, default: int = 0) -> int:
        """Of several it takes the first."""
        found = self.header.metadata.get(f"{self.header.architecture}.{name}", default)
        found = found[0] if isinstance(found, Array) else found
        assert isinstance(found, int)
        return found

    def total(self) -> int:
        return int(self.weights() + self.cache() + self.inputs() + self.compute() + self.outputs())

    def weights(self) -> int:
        """Layers and output; the token embedding again where it is the output too."""
        tensors = self.header.tensors
        embedding = sum(tensor.size_bytes for tensor in tensors if _INPUT.match(tensor.name))
        tied = not any(tensor.name == "output.weight" for tensor in tensors)
        return self.header.weights_bytes - (0 if tied else embedding)

    def cache(self) -> float:
        if self.recurrent:
            return 4 * self.layers * self.state()
        key = self.number("attention.key_length_mla") or self.key
        value = self.number("attention.value_length_mla") or self.value
        token = self.kv_heads * (key + value) * self.element
        window, every = _WINDOWS.get(self.header.architecture, (0, 1))
        window = self.number("attention.sliding_window") or window
        short = sum(layer % every != 0 for layer in range(self.layers))
        seen = min(self.context, -(-(window + _LOGICAL_BATCH) // 256) * 256)
        return token * (short * seen + (self.layers - short) * self.context)

    def state(self) -> int:
        inner, state = self.number("ssm.inner_size"), self.number("ssm.state_size")
        mixed = inner + 2 * self.number("ssm.group_count") * state
        return (self.number("ssm.conv_kernel") - 1) * mixed + state * inner

    def inputs(self) -> int:
        """Embeddings, positions and a mask of full precision."""
        rows = 4 * self.hidden * _BATCH + 4 * _BATCH
        return rows + (4 if self.recurrent else 4 * self.context * _BATCH)

    def compute(self) -> float:
        return self._mamba() if self.recurrent else max(self._attention(), self._feed_forward())

    def _attention(self) -> float:
        """The bytes of the matrices of the queries stand for what they yield."""
        found = (
            2 * self.context * _BATCH + self.kv_heads * (self.key + self.value) * self.context * self.element
        )
        for tensor in self._last_layer(r"attn_(norm|q|qkv|q_b)"):
            norm = tensor.name.endswith("attn_norm.weight")
            found += 4 * tensor.shape[-1] * _BATCH if norm else tensor.size_bytes
        return found

    def _feed_forward(self) -> float:
        widths = self._last_layer(r"(attn_norm|ffn_norm|ffn_gate|ffn_up)")
        found = sum(4 * tensor.shape[-1] * _BATCH for tensor in widths)
        if experts := self.number("expert_count"):
            used = self.number("expert_used_count")
            found += 4 * (experts * self.hidden + experts * _BATCH + self.hidden * used * _BATCH)
        return found

    def _mamba(self) -> float:
        inner, state = self.number("ssm.inner_size"), self.number("ssm.state_size")
        kernel = self.number("ssm.conv_kernel")
        found = 4 * (kernel - 1) * (inner + 2 * self.number("ssm.group_count") * state)
        found += sum(
            4 * tensor.shape[-1] * _BATCH for tensor in self._last_layer("(attn_norm|ssm_in|ssm_dt)")
        )
        return found + 4 * inner * (2 * _BATCH + kernel + state)

    def outputs(self) -> int:
        """The logits and the embeddings of every token of a batch, as buffers and once more as tensors."""
        vocabulary = self.number("vocab_size")
        return 2 * 4 * (vocabulary + self.hidden) * _BATCH

    def _last_layer(self, pattern: str) -> Iterator[TensorInfo]:
        wanted = re.compile(rf"blk\.{self.layers - 1}\.{pattern}\.weight")
        return (tensor for tensor in self.header.tensors if wanted.fullmatch(tensor.name))
