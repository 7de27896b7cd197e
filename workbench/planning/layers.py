"""What each layer of a model keeps of the tokens it has seen: keys and values, or a state, or nothing.

The rules are llama.cpp's (`create_memory` and llama-hparams.cpp). Knows nothing of bytes and devices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.windows import windows

_RECURRENT = {"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"}
_WITHOUT_HEADS = {
    "jamba", "plamo2", "granitehybrid", "lfm2", "lfm2moe", "nemotron_h", "nemotron_h_moe", "kimi-linear",
    "bailingmoe3", "kimi-k3", "glm5-next",
}  # fmt: skip
"""Hybrids whose layers without KV heads are the recurrent ones."""
_INTERVALS = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4, "qwen4exp": 4, "minimax-01": 8}
"""Hybrids of which every so many layers one attends, where the file does not say."""
_WITHOUT_CACHE = {
    "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3",
    "eurobert", "gemma-embedding", "wavtokenizer-dec", "dream", "llada", "llada-moe", "rnd1",
}  # fmt: skip
_ONLY_PARTLY_KNOWN = {
    "minimax-m3", "deepseek32", "glm-dsa", "glm5-next", "hy_v4", "dots3note", "deepseek4", "dflash",
    "qwen4exp", "t5", "graniteswitch", "nanbeige", "gemma4-assistant",
}  # fmt: skip
_LATENT = {
    "deepseek2", "deepseek2-ocr", "deepseek32", "glm-dsa", "kimi-linear", "kimi-k3", "bailingmoe3",
    "glm5-next",
}  # fmt: skip
"""Those that may keep one compressed vector for each token instead of keys and values."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer keeps.

    Attributes:
        keys: Elements of K kept for each token; `values` likewise of V.
        window: Only of the last so many tokens; None: of all.
        state: F32 elements kept for each request, however long it is.
    """

    keys: int = 0
    values: int = 0
    window: int | None = None
    state: int = 0


def layers(numbers: Hyperparameters) -> tuple[Layer, ...]:
    """Every layer in order, those that are not loaded among them, as empty ones."""
    if numbers.architecture in _WITHOUT_CACHE:
        return (Layer(),) * numbers.layers
    attention, recurrent = _attention(numbers), _is_recurrent(numbers)
    state = _state(numbers)
    kept = []
    for layer, attends in enumerate(attention):
        if layer >= numbers.trunk and numbers.trunk > 0:
            kept.append(Layer())
        elif numbers.architecture == "falcon-h1":
            kept.append(replace(attends, state=state))
        else:
            kept.append(Layer(state=state) if recurrent[layer] else attends)
    return tuple(kept)


def is_partly_known(architecture: str) -> bool:
    """Whether the cache of this architecture has parts that are left out here."""
    return architecture in _ONLY_PARTLY_KNOWN


def _attention(numbers: Hyperparameters) -> list[Layer]:
    heads = numbers.per_layer("attention.head_count", [0] * numbers.layers)
    kv_heads = numbers.per_layer("attention.head_count_kv", heads)
    usual = numbers.embedding // heads[0] if heads[0] else 0
    key, value = _head_sizes(numbers, "", usual, usual) if heads[0] else (0, 0)
    narrow = _head_sizes(numbers, "_swa", key, value)
    latent = numbers.architecture in _LATENT and numbers.number("attention.key_length_mla") > 0
    attending = _keeps_keys(numbers)
    found = []
    for count, window, keeps in zip(kv_heads, windows(numbers), attending, strict=True):
        k, v = (key, value) if window is None else narrow
        found.append(Layer(k * count, 0 if latent else v * count, window) if keeps else Layer())
    return _windowed_attention(numbers, found)


def _head_sizes(numbers: Hyperparameters, suffix: str, key: int, value: int) -> tuple[int, int]:
    return (
        numbers.number(f"attention.key_length{suffix}", key),
        numbers.number(f"attention.value_length{suffix}", value),
    )


def _windowed_attention(numbers: Hyperparameters, attention: list[Layer]) -> list[Layer]:
    """In lfm2, all layers that attend have windows where there are any."""
    window = numbers.number("attention.sliding_window") if numbers.architecture == "lfm2" else 0
    return [replace(layer, window=window) for layer in attention] if window else attention


def _keeps_keys(numbers: Hyperparameters) -> Sequence[bool]:
    """Some layers use the keys and values of an earlier one, or neither attend nor recur."""
    every = range(numbers.layers)
    match numbers.architecture:
        case "gemma3n":
            return [layer < 20 for layer in every]
        case "gemma4":
            own = numbers.layers - numbers.number("attention.shared_kv_layers")
            return [layer < own for layer in every]
        case "nemotron_h" | "nemotron_h_moe":
            return [width == 0 for width in numbers.per_layer("feed_forward_length", [0] * numbers.layers)]
        case _:
            return [True for _ in every]


def _is_recurrent(numbers: Hyperparameters) -> Sequence[bool]:
    every = range(numbers.layers)
    if numbers.architecture in _RECURRENT:
        return [True for _ in every]
    if numbers.architecture in _WITHOUT_HEADS:
        without = [count == 0 for count in numbers.per_layer("attention.head_count_kv", [1] * numbers.layers)]
        return [no_heads and keeps for no_heads, keeps in zip(without, _keeps_keys(numbers), strict=True)]
    if numbers.architecture in _INTERVALS:
        told = numbers.per_layer("attention.recurrent_layers", ())
        interval = numbers.number("full_attention_interval", _INTERVALS[numbers.architecture]) or 1
        return [bool(one) for one in told] or [(layer + 1) % interval != 0 for layer in every]
    return [False for _ in every]


def _state(numbers: Hyperparameters) -> int:
    """F32 elements of one recurrent layer: of its convolution, and of its state proper."""
    width, number = numbers.embedding, numbers.number
    heads = number("attention.head_count")
    convolution = number("ssm.conv_kernel")
    if head := number("wkv.head_size"):
        return width * (number("token_shift_count", 2) + head)
    if cache := number("shortconv.l_cache"):
        return width * (cache - 1)
    if head := number("kda.head_dim"):
        return heads * head * (3 * (convolution - 1 if convolution else 3) + head)
    if numbers.architecture == "minimax-01":
        head = number("attention.key_length", width // heads if heads else 0)
        return head * head * heads
    inner, size = number("ssm.inner_size"), number("ssm.state_size")
    channels = inner + 2 * number("ssm.group_count") * size
    return max(convolution - 1, 0) * channels + size * inner
