"""What a model would take on the card while it is trained, by arithmetic on its header.

Weights, gradients and the optimizer's numbers are counted to the byte. What is kept for the backward pass is
that of a Llama in transformers with gradient checkpointing, where attention keeps no scores: the input of
each layer, and beside it either one layer as it is computed again or the logits. Other shapes take somewhat
more or less, and what drivers and libraries take comes on top.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from workbench.gguf import Header, TensorInfo
from workbench.planning.hyperparameters import Hyperparameters

Method = Literal["full", "lora", "qlora"]
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
_LINEAR = re.compile(r"blk\.\d+\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down))\.weight")
_NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""4 bits, a scale of 8 bits for 64 of them, and one of 32 bits for 256 of those."""
_HALF, _SINGLE = 2, 4
_LOGIT_BYTES = 2 + 4 + 4 + 2
"""The logits, the same in 32 bits, their logarithms of the softmax, and their gradient."""
_PER_EMBEDDING, _PER_FEED_FORWARD = 13.5, 6
"""Numbers of 16 bits that one layer holds of each token while it is computed again."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """How one trainer holds things where nothing else is asked of it.

    Attributes:
        full_bytes: Of each number of the model that is trained: itself, its gradient and the optimizer's two.
        moment_bytes: Of each of the optimizer's numbers for an adapter.
        keeps_logits: Whether the logits of all tokens are there at once.
    """

    full_bytes: int
    moment_bytes: int = _SINGLE
    keeps_logits: bool = True


TRAINERS = {
    "trl": Trainer(4 * _SINGLE),
    "axolotl": Trainer(4 * _HALF),
    "llama-factory": Trainer(4 * _SINGLE),
    "unsloth": Trainer(4 * _HALF, keeps_logits=False),
    "mlx-lm": Trainer(4 * _HALF),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMemory:
    """Bytes on the card. `states` are exact, `activations` an approximation."""

    weights: int
    adapter: int
    states: int
    activations: int

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.states + self.activations


def training_memory(
    header: Header, method: Method, trainer: Trainer, *, tokens: int = 2048, batch: int = 1, rank: int = 16
) -> TrainingMemory:
    """`tokens` in each of `batch` rows at once; an adapter of that rank on all linear layers.

    Raises InvalidModel for a header that gives no shape.
    """
    linear = [one for one in header.tensors if _LINEAR.fullmatch(one.name) and len(one.shape) == 2]
    of_linear = sum(tensor.elements for tensor in linear)
    if method == "full":
        weight = trainer.full_bytes // 4
        held, adapter = header.parameters * weight, 0
        states = header.parameters * (trainer.full_bytes - weight)
    else:
        quantized = of_linear if method == "qlora" else 0
        held = int(quantized * _NF4_BYTES) + (header.parameters - quantized) * _HALF
        trained = sum(_adapter_elements(tensor, rank) for tensor in linear)
        adapter, states = trained * _SINGLE, trained * (_SINGLE + 2 * trainer.moment_bytes)
    return TrainingMemory(
        weights=held,
        adapter=adapter,
        states=states,
        activations=tokens * batch * _of_each_token(header, trainer, method),
    )


def _adapter_elements(tensor: TensorInfo, rank: int) -> int:
    return rank * sum(tensor.shape)


def _of_each_token(header: Header, trainer: Trainer, method: Method) -> int:
    numbers = Hyperparameters(header)
    wide = max(numbers.per_layer("feed_forward_length", [numbers.embedding * 4] * numbers.layers))
    kept = numbers.layers * numbers.embedding * (trainer.full_bytes // 4 if method == "full" else _HALF)
    again = int((_PER_EMBEDDING * numbers.embedding + _PER_FEED_FORWARD * wide) * _HALF)
    logits = _vocabulary(header) * _LOGIT_BYTES if trainer.keeps_logits else 0
    return kept + max(again, logits)


def _vocabulary(header: Header) -> int:
    shapes = (tensor.shape for tensor in header.tensors if tensor.name == "token_embd.weight")
    return next((shape[-1] for shape in shapes), 0)
