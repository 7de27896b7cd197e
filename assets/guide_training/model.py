"""The llama architecture in torch, as small as the guide needs it.

Rotary embedding turns neighbouring channels of each head, which is the order llama.cpp expects of a
`llama` file, so the weights are exported as they are. It knows nothing of tokens, text or training.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of the network; every matrix row is a multiple of 256, so that every K-quant applies."""

    vocabulary: int = 4096
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 768
    context_length: int = 2048
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_size(self) -> int:
        """The number of channels of one attention head."""
        return self.hidden // self.heads


def rotary_table(geometry: Geometry, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of shape (length, head_size / 2)."""
    channels = torch.arange(0, geometry.head_size, 2, dtype=torch.float32)
    frequencies = geometry.rope_base ** (-channels / geometry.head_size)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), frequencies)
    return angles.cos(), angles.sin()


def rotate(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn channels (2i, 2i + 1) by their position's angle; shape (batch, heads, length, head_size)."""
    even, odd = states[..., 0::2], states[..., 1::2]
    turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1)
    return turned.flatten(-2).to(states.dtype)


class Attention(nn.Module):
    """Causal attention in which several query heads share one key-value head."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.geometry = geometry
        shared = geometry.kv_heads * geometry.head_size
        self.query = nn.Linear(geometry.hidden, geometry.hidden, bias=False)
        self.key = nn.Linear(geometry.hidden, shared, bias=False)
        self.value = nn.Linear(geometry.hidden, shared, bias=False)
        self.output = nn.Linear(geometry.hidden, geometry.hidden, bias=False)

    def forward(self, states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Mix the positions of `states`, shape (batch, length, hidden)."""
        query = rotate(self._split(self.query(states)), cos, sin)
        key = rotate(self._split(self.key(states)), cos, sin)
        value = self._split(self.value(states))
        repeats = self.geometry.heads // self.geometry.kv_heads
        mixed = functional.scaled_dot_product_attention(
            query, key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1), is_causal=True
        )
        output: Tensor = self.output(mixed.transpose(1, 2).flatten(-2))
        return output

    def _split(self, states: Tensor) -> Tensor:
        batch, length, _ = states.shape
        return states.view(batch, length, -1, self.geometry.head_size).transpose(1, 2)


class FeedForward(nn.Module):
    """The gated feed-forward layer."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.gate = nn.Linear(geometry.hidden, geometry.feed_forward, bias=False)
        self.up = nn.Linear(geometry.hidden, geometry.feed_forward, bias=False)
        self.down = nn.Linear(geometry.feed_forward, geometry.hidden, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """Apply the layer to each position."""
        output: Tensor = self.down(functional.silu(self.gate(states)) * self.up(states))
        return output


class Block(nn.Module):
    """Attention and feed-forward, each normalised before and added back."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(geometry.hidden, eps=geometry.norm_epsilon)
        self.attention = Attention(geometry)
        self.feed_forward_norm = nn.RMSNorm(geometry.hidden, eps=geometry.norm_epsilon)
        self.feed_forward = FeedForward(geometry)

    def forward(self, states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Apply the block to `states`, shape (batch, length, hidden)."""
        states = states + self.attention(self.attention_norm(states), cos, sin)
        output: Tensor = states + self.feed_forward(self.feed_forward_norm(states))
        return output


class Llama(nn.Module):
    """The whole network; the token embedding is also the output matrix."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.geometry = geometry
        self.embedding = nn.Embedding(geometry.vocabulary, geometry.hidden)
        self.blocks = nn.ModuleList(Block(geometry) for _ in range(geometry.layers))
        self.norm = nn.RMSNorm(geometry.hidden, eps=geometry.norm_epsilon)
        cos, sin = rotary_table(geometry, geometry.context_length)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(self._initialise)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of shape (batch, length, vocabulary) for `tokens` of shape (batch, length)."""
        length = tokens.shape[1]
        cos, sin = self.get_buffer("cos")[:length], self.get_buffer("sin")[:length]
        states = self.embedding(tokens)
        for block in self.blocks:
            states = block(states, cos, sin)
        return functional.linear(self.norm(states), self.embedding.weight)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
