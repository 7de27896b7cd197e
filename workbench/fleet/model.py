"""What a GPU fleet must know of a model: where its weights are, in what form, and what each token keeps.

Plain values. Knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetModel:
    """A model as an engine on other machines opens it.

    Attributes:
        source: A repository, `org/repo:QUANT` of one, or a path that every machine has.
        tokenizer: The repository with its tokenizer and configuration; "" where they are with the weights.
        form: "GGUF" or "safetensors"; `quantization` is how the latter call theirs, "" for none.
        types: Of GGUF, the types of its tensors.
        layers: `heads` and `kv_heads` are those of one layer.
        cache_elements: Numbers that are kept of each token, over all layers.
        latent: Whether those are one compressed vector, which cannot be divided between heads.
        context_length: What it was trained for; None where it does not say.
        notes: What else there is to know, in sentences.
    """

    source: str
    revision: str = ""
    tokenizer: str = ""
    form: str
    quantization: str = ""
    types: frozenset[str] = frozenset()
    weights_bytes: int
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    cache_elements: int
    latent: bool = False
    context_length: int | None = None
    notes: tuple[str, ...] = ()
