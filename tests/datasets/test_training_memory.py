"""What training takes, against what PyTorch holds while transformers trains models of the same shape."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

import pytest

from tests.core.gguf_bytes import U32, GgufBytes
from workbench.datasets.training_memory import TRAINERS, training_memory
from workbench.gguf import Header, read_header

LAYERS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def header(tmp_path: Any, vocabulary: int, hidden: int, wide: int, layers: int) -> Header:
    """That of a Llama."""
    file = GgufBytes()
    file.entry("general.architecture", 8, file.text("llama"))
    for name, value in (("block_count", layers), ("embedding_length", hidden), ("feed_forward_length", wide)):
        file.entry(f"llama.{name}", U32, file.pack("I", value))
    shapes = {"ffn_gate": (hidden, wide), "ffn_up": (hidden, wide), "ffn_down": (wide, hidden)}
    tensors = [("token_embd.weight", (hidden, vocabulary)), ("output.weight", (hidden, vocabulary))]
    tensors += [("output_norm.weight", (hidden,))]  # type: ignore[list-item]
    for layer in range(layers):
        tensors += [(f"blk.{layer}.{name}.weight", shapes.get(name, (hidden, hidden))) for name in LAYERS]
        tensors += [(f"blk.{layer}.{name}.weight", (hidden,)) for name in ("attn_norm", "ffn_norm")]  # type: ignore[misc]
    offset = 0
    for name, shape in tensors:
        file.tensor(name, shape, offset=offset)
        size = 4
        for length in shape:
            size *= length
        offset += -(-size // 32) * 32
    path = tmp_path / "shape.gguf"
    path.write_bytes(bytes(file))
    return read_header(path)


def test_states_are_counted_to_the_byte(tmp_path: Any) -> None:
    shape = header(tmp_path, 1000, 64, 172, 2)
    linear = 2 * (4 * 64 * 64 + 3 * 64 * 172)
    whole = linear + 2 * 64 * 1000 + 5 * 64
    trl, axolotl = TRAINERS["trl"], TRAINERS["axolotl"]
    full = training_memory(shape, "full", trl)
    assert (full.weights, full.states, full.adapter) == (4 * whole, 12 * whole, 0)
    assert training_memory(shape, "full", axolotl).weights == 2 * whole
    adapter = 8 * 2 * (4 * 2 * 64 + 3 * (64 + 172))
    lora = training_memory(shape, "lora", trl, rank=8)
    assert (lora.weights, lora.adapter, lora.states) == (2 * whole, 4 * adapter, 12 * adapter)
    quantized = training_memory(shape, "qlora", trl).weights
    assert quantized == pytest.approx(2 * (whole - linear) + linear * 0.5159, abs=20)
    long, short = (training_memory(shape, "lora", trl, tokens=tokens, batch=2) for tokens in (200, 100))
    assert long.activations == 2 * short.activations and long.total == sum(
        (long.weights, long.adapter, long.states, long.activations)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vocabulary", "hidden", "wide", "layers"),
    [(8000, 64, 172, 4), (50, 256, 688, 6), (50, 256, 1024, 2), (3000, 128, 344, 12)],
)
def test_what_is_kept_is_what_pytorch_holds(
    tmp_path: Any, vocabulary: int, hidden: int, wide: int, layers: int
) -> None:
    expected = training_memory(
        header(tmp_path, vocabulary, hidden, wide, layers), "full", TRAINERS["axolotl"], tokens=512
    )
    assert expected.activations == pytest.approx(held(vocabulary, hidden, wide, layers, 512), rel=0.05)


def held(vocabulary: int, hidden: int, wide: int, layers: int, tokens: int) -> int:
    """Bytes at most, beside weights and gradients."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import LlamaConfig, LlamaForCausalLM

        config = LlamaConfig(
            vocab_size=vocabulary, hidden_size=hidden, intermediate_size=wide, num_hidden_layers=layers,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=tokens, use_cache=False,
        )  # fmt: skip
        model = LlamaForCausalLM(config).to(torch.bfloat16)
        model.gradient_checkpointing_enable({"use_reentrant": False})

    class Peak(TorchDispatchMode):
        def __init__(self, known: set[int]) -> None:
            super().__init__()
            self.known, self.sizes, self.now, self.most = known, dict[int, int](), 0, 0

        def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = call(*args, **(kwargs or {}))
            for one in torch.utils._pytree.tree_leaves(made):
                if isinstance(one, torch.Tensor):
                    self.see(one.untyped_storage())
            return made

        def see(self, storage: Any) -> None:
            key = storage._cdata
            if key not in self.sizes and key not in self.known:
                self.sizes[key] = storage.nbytes()
                self.now += self.sizes[key]
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self.forget, key)

        def forget(self, key: int) -> None:
            self.now -= self.sizes.pop(key, 0)

    model.train()
    ids = torch.randint(0, vocabulary, (1, tokens))
    model(input_ids=ids, labels=ids).loss.backward()
    weights = list(model.parameters())
    known = {one.untyped_storage()._cdata for weight in weights for one in (weight, weight.grad)}
    with Peak(known) as peak:
        model(input_ids=ids, labels=ids).loss.backward()
    return peak.most
