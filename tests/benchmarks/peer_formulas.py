"""How other programs reckon the memory of a GPU that holds a whole model, written from their descriptions.

Each takes a header, a context and the bytes of an element of the KV cache, and returns bytes. Where a program
knows a model better than its header tells, by a catalogue of names, it is given that knowledge. Knows nothing
of what is true.
"""

from __future__ import annotations

from workbench.gguf import Array, Header

_LLMFIT_BYTES = {"Q8_0": 1.05, "Q6_K": 0.80, "Q5_K_M": 0.68, "Q4_K_M": 0.58}
_LLMFIT_HYBRIDS = {"qwen3next": 1 / 4, "qwen35": 1 / 4, "qwen35moe": 1 / 4, "mamba": 0.0}
"""The share of layers that attend, in the families that it knows by name."""
_NYXKRAGE_BITS = {"Q8_0": 8.5, "Q6_K": 6.59, "Q5_K_M": 5.69, "Q4_K_M": 4.85, "IQ4_XS": 4.25}
_BATCH = 512


def ollama(header: Header, context: int, element: float) -> int | None:
    """The file, and K and V of every layer at the smallest number of KV heads; the cache is always F16."""
    numbers = _Numbers(header)
    head = numbers.hidden // max(numbers.heads) if max(numbers.heads) else 0
    kv_heads = min(numbers.kv_heads) or 1
    return header.weights_bytes + 4 * numbers.layers * kv_heads * head * context


def llmfit(header: Header, context: int, element: float) -> int | None:
    """Parameters times a constant of the quantization, K and V of the layers that attend, half a GiB."""
    numbers = _Numbers(header)
    weights = header.parameters * _LLMFIT_BYTES.get(header.quantization, 0.58)
    layers = numbers.layers * _LLMFIT_HYBRIDS.get(header.architecture, 1)
    cache = 2 * layers * max(numbers.kv_heads) * numbers.head * context * element
    return int(weights + cache + 2**29)


def nyxkrage(header: Header, context: int, element: float) -> int | None:
    """Bits of each weight, K and V of every layer, and buffers from before flash attention."""
    numbers = _Numbers(header)
    heads = max(numbers.heads)
    if not heads:
        return None  # it divides by the number of heads
    bits = _NYXKRAGE_BITS.get(header.quantization, 8 * header.weights_bytes / header.parameters)
    cache = 2 * numbers.hidden * max(numbers.kv_heads) / heads * numbers.layers * context * element
    rows = _BATCH * (3 + numbers.hidden + context) + context
    compute = (context / 1024 * 2 + 0.75) * heads * 2**20
    return int(header.parameters * bits / 8 + cache + rows + compute)


class _Numbers:
    """What the formulas have in common; a number for all layers is as good as one for each."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.layers = self.one("block_count")
        self.hidden = self.one("embedding_length")
        self.heads = self.several("attention.head_count", (1,))
        self.kv_heads = self.several("attention.head_count_kv", self.heads)
        self.head = self.one("attention.key_length") or self.hidden // (max(self.heads) or self.hidden)

    def one(self, name: str) -> int:
        return self._header.number(f"{self._header.architecture}.{name}") or 0

    def several(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        found = self._header.metadata.get(f"{self._header.architecture}.{name}")
        if isinstance(found, Array):
            return tuple(found)
        return (found,) if isinstance(found, int) else default
