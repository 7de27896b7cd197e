"""About how many bytes the buffers take in which a micro-batch is computed. An approximation, not a port.

llama.cpp plans these buffers by walking the graph of the model; here the few tensors that are largest at
the same time are added up: the widest step of a layer, the attention mask, and copies of what lies
elsewhere. `correction` makes the sum exact where the engine has been asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.engine_settings import EngineSettings
from workbench.gguf import Header
from workbench.memory import GpuApi
from workbench.planning.cache import cells, is_quantized, padded, row_bytes, window_cells
from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.layers import Layer

_FLOAT = 4
_COPIES = 4
"""Of its inputs, where several GPUs work on several micro-batches at once."""
_FLASH_HEADS = {40, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576}
"""Head sizes for which CUDA has flash attention; some of them only for certain models."""


@dataclass(frozen=True, slots=True)
class Divided:
    """What a GPU fetches from the host for large batches, and whether it works beside others.

    Attributes:
        dense_bytes: The largest tensor of the layers that are the host's; `expert_bytes` likewise of experts.
        cached: The most elements that such a layer keeps of a token.
        pipelined: Whether several GPUs work on several micro-batches at once.
    """

    dense_bytes: int = 0
    expert_bytes: int = 0
    cached: int = 0
    pipelined: bool = False


class Compute:
    """The widths of one model that matter for its buffers."""

    def __init__(self, header: Header, numbers: Hyperparameters, layers: Sequence[Layer]) -> None:
        shapes = {tensor.name: tensor.shape for tensor in header.tensors}
        self._layers = set(layers)
        self._embedding = numbers.embedding
        self._heads = max(numbers.per_layer("attention.head_count", [0]), default=0)
        self._queries = self._heads * numbers.number(
            "attention.key_length", numbers.embedding // self._heads if self._heads else 0
        )
        projected = [shape[1] for name, shape in shapes.items() if _is_query(name, shape)]
        latent = any(layer.keys and not layer.values for layer in layers)
        gated = max([self._queries, *projected])
        self._attending = self._queries * 5 // 2 if latent else 2 * (gated + self._queries)
        self.vocabulary = next((shapes[name][-1] for name in _EMBEDDINGS if name in shapes), 0)
        self._widest = self._widest_step(numbers)
        self._full = max((layer.keys + layer.values for layer in layers if layer.window is None), default=0)
        self._window = next((layer.window for layer in layers if layer.window is not None), None)
        self._head = self._queries // self._heads if self._heads else 0

    def device(self, settings: EngineSettings, context: int, api: GpuApi | None, divided: Divided) -> int:
        """On one device that holds layers: a GPU, or the host where there is none."""
        batch, masks = self._batch(settings, context), self._masks(settings, context)
        hidden = _FLOAT * batch * self._embedding
        inputs = masks + (hidden if api is None else 0)
        if divided.pipelined:
            inputs = _COPIES * (masks + 2 * hidden)
        step = batch * self._widest
        moved = max(
            step + divided.dense_bytes if divided.dense_bytes else 0,
            step * 3 // 4 + divided.expert_bytes if divided.expert_bytes else 0,
        )
        logits = _FLOAT * settings.output_rows * (self.vocabulary + self._embedding)
        attention = self._attention(settings, context, api, divided)
        return max(inputs + step, inputs + moved, inputs + attention, logits)

    def host(self, settings: EngineSettings, context: int, divided: Divided) -> int:
        """Beside GPUs: what goes in and comes out."""
        hidden = _FLOAT * self._batch(settings, context) * self._embedding
        copies, masks = _COPIES if divided.pipelined else 1, self._masks(settings, context)
        return copies * (masks + hidden) + hidden + (masks if settings.flash_attention == "off" else 0)

    def _widest_step(self, numbers: Hyperparameters) -> int:
        """Bytes for each token, in the layer's step that needs most."""
        number, width = numbers.number, numbers.embedding
        used = max(numbers.per_layer("expert_used_count", [0]), default=0)
        dense = max(numbers.per_layer("feed_forward_length", [0]), default=0)
        expert = max(numbers.per_layer("expert_feed_forward_length", [dense]), default=0)
        steps = (
            3 * (dense if not used or numbers.number("leading_dense_block_count") else 0) + 3 * width,
            3 * used * expert + 3 * width,
            2 * used * width + 3 * width,
            6 * number("ssm.inner_size") if not self._heads else 0,
        )
        return _FLOAT * max(steps)

    def _attention(self, settings: EngineSettings, context: int, api: GpuApi | None, divided: Divided) -> int:
        """The step in which keys and values are read."""
        batch, tokens = self._batch(settings, context), cells(settings, context)
        if not self._heads or not self._layers:
            return 0
        if not self._is_flash(settings, api):
            return batch * padded(context) * _FLOAT * self._heads + self._masks(settings, context)
        needed = _FLOAT * batch * self._attending
        if api in ("cuda", "hip") and is_quantized(settings.kv_type_k):
            needed += 2 * tokens * self._full
        if divided.cached:
            needed += self._masks(settings, context)
            needed += tokens * row_bytes(settings.kv_type_k, divided.cached)
        return needed

    def _is_flash(self, settings: EngineSettings, api: GpuApi | None) -> bool:
        if settings.flash_attention != "auto":
            return settings.flash_attention == "on"
        return api not in ("cuda", "hip") or self._head in _FLASH_HEADS

    def _masks(self, settings: EngineSettings, context: int) -> int:
        """One for all tokens of a request and one for those in its window, in half precision."""
        if not self._heads:
            return 0
        tokens = padded(context)
        if self._window is not None:
            tokens += window_cells(settings, context, self._window)
        return 2 * self._batch(settings, context) * tokens

    def _batch(self, settings: EngineSettings, context: int) -> int:
        return min(settings.micro_batch, cells(settings, context))


_EMBEDDINGS = ("output.weight", "token_embd.weight")


def _is_query(name: str, shape: tuple[int, ...]) -> bool:
    return name.endswith("attn_q.weight") and len(shape) == 2
