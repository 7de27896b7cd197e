"""What `show` knows: shape, parameters total and active, and how the bytes are spread."""

from __future__ import annotations

import json
import struct

import pytest

from tests.core.gguf_bytes import ARRAY, STRING, U32, GgufBytes
from tests.models.machine import Machine, gguf, written
from workbench.errors import InvalidModel
from workbench.models import locate
from workbench.models.inspection import Inspection, inspect
from workbench.models.tensor_mix import role_of

F32, F16, Q4_K, Q6_K = 0, 1, 12, 14


def mixture_of_experts() -> bytes:
    """Two layers with 8 experts of which 2 are used; heads differ by layer."""
    file = GgufBytes()
    for key, text in (("general.architecture", "olmoe"), ("general.name", "Mix"), ("general.license", "mit")):
        file.entry(key, STRING, file.text(text))
    shape = {"block_count": 2, "context_length": 4096, "embedding_length": 256}
    for key, number in {**shape, "expert_count": 8, "expert_used_count": 2}.items():
        file.entry(f"olmoe.{key}", U32, file.pack("I", number))
    file.array("olmoe.attention.head_count", U32, 2, file.pack("2I", 8, 4))
    file.entry("olmoe.attention.head_count_kv", U32, file.pack("I", 2))
    file.array("tokenizer.ggml.tokens", STRING, 3, b"".join(map(file.text, "abc")))
    file.entry("tokenizer.chat_template", STRING, file.text("{{ messages }}\nsecond"))
    tensors = [
        ("token_embd.weight", (256, 4), Q6_K, 4 * 210),
        ("blk.0.attn_q.weight", (256, 4), Q4_K, 4 * 144),
        ("blk.0.attn_norm.weight", (256,), F32, 1024),
        ("blk.0.ffn_gate_inp.weight", (256, 8), F16, 4096),
        ("blk.0.ffn_up_exps.weight", (256, 2, 8), Q4_K, 16 * 144),
        ("blk.0.ffn_up_shexp.weight", (256, 2), Q4_K, 2 * 144),
        ("output.weight", (256, 4), Q6_K, 4 * 210),
    ]
    offset = 0
    for name, dimensions, kind, size in tensors:
        file.tensor(name, dimensions, kind, offset)
        offset += -(-size // 32) * 32
    file.data = bytes(offset)
    return bytes(file)


def inspected(name: str) -> Inspection:
    return inspect(locate(name))


def test_a_mixture_of_experts_is_counted_by_what_one_token_meets(machine: Machine) -> None:
    written(machine.folder / "mix.gguf", mixture_of_experts())
    found = inspected("mix")
    experts = 256 * 2 * 8
    others = 3 * 256 * 4 + 256 + 256 * 8 + 256 * 2
    assert (found.parameters, found.active_parameters) == (experts + others, experts // 4 + others)
    assert (found.layers, found.heads, found.kv_heads) == (2, (8, 4), 2)
    assert (found.context_length, found.embedding_length, found.vocabulary) == (4096, 256, 3)
    assert (found.title, found.licence, found.template) == ("Mix", "mit", "{{ messages }}\nsecond")
    spread = {part.role: part for part in found.mix}
    assert list(spread) == ["attention", "feed forward", "experts", "embedding", "output", "norm"]
    assert spread["experts"].types == (("Q4_K", 16 * 144),)
    assert spread["experts"].bits_per_weight == 4.5
    assert spread["feed forward"].types == (("F16", 4096), ("Q4_K", 2 * 144))
    assert found.weights_bytes == sum(part.size_bytes for part in found.mix)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("blk.0.attn_q.weight", "attention"),
        ("blk.0.attn_q_norm.weight", "norm"),
        ("blk.3.ffn_down_exps.weight", "experts"),
        ("blk.3.ffn_down_shexp.weight", "feed forward"),
        ("blk.3.ffn_up.7.weight", "experts"),
        ("blk.0.ssm_in.weight", "state space"),
        ("token_embd.weight", "embedding"),
        ("token_embd_norm.weight", "norm"),
        ("output.weight", "output"),
        ("output_norm.weight", "norm"),
        ("blk.0.attn_output.weight", "attention"),
        ("model.layers.0.self_attn.q_proj.weight", "attention"),
        ("model.layers.0.mlp.experts.3.up_proj.weight", "experts"),
        ("model.layers.0.mlp.up_proj.weight", "feed forward"),
        ("model.layers.0.input_layernorm.weight", "norm"),
        ("model.embed_tokens.weight", "embedding"),
        ("lm_head.weight", "output"),
        ("rope_freqs.weight", "other"),
    ],
)
def test_roles_are_told_by_names(name: str, role: str) -> None:
    assert role_of(name) == role


def test_shards_are_counted_together(machine: Machine) -> None:
    for number in (1, 2):
        file = GgufBytes()
        if number == 1:
            file.entry("general.architecture", STRING, file.text("llama"))
        file.entry("split.no", 2, file.pack("H", number - 1))
        file.entry("split.count", 2, file.pack("H", 2))
        file.entry("split.tensors.count", 5, file.pack("i", 2))
        file.tensor(f"blk.{number}.attn_q.weight", (64, 2)).data = bytes(512)
        written(machine.folder / f"big-0000{number}-of-00002.gguf", bytes(file))
    assert inspected("big-00001-of-00002").parameters == 256


def test_ollama_adds_its_own_template_and_licence(machine: Machine) -> None:
    name = "registry.ollama.ai/library/m/latest"
    machine.in_ollama(
        name, gguf(context_length=8), template="{{ .Prompt }}", license="\nLLAMA 3.2 LICENCE\nlong"
    )
    found = inspected("m")
    assert (found.ollama_template, found.licence, found.context_length) == (
        "{{ .Prompt }}",
        "LLAMA 3.2 LICENCE",
        8,
    )


def test_safetensors_are_counted_and_quantized_ones_are_not_guessed(machine: Machine) -> None:
    config = {"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 8}
    header = {
        "__metadata__": {"format": "pt"},
        "model.embed_tokens.weight": {"dtype": "BF16", "shape": [10, 8], "data_offsets": [0, 160]},
        "model.layers.0.self_attn.q_proj.weight": {
            "dtype": "BF16",
            "shape": [8, 8],
            "data_offsets": [160, 288],
        },
    }
    raw = json.dumps(header).encode()
    data = struct.pack("<Q", len(raw)) + raw + bytes(288)
    for name, extra in (
        ("plain", {"torch_dtype": "bfloat16"}),
        ("packed", {"quantization_config": {"quant_method": "exl3", "bits": 3.5}}),
    ):
        written(machine.folder / name / "config.json", json.dumps({**config, **extra}).encode())
        written(machine.folder / name / "model.safetensors", data)
        written(machine.folder / name / "tokenizer_config.json", b'{"chat_template": "{{ messages }}"}')
    plain, packed = inspected("plain"), inspected("packed")
    assert (plain.quantization, plain.parameters, plain.bits_per_weight) == ("BF16", 144, 16.0)
    assert (packed.quantization, packed.parameters, packed.weights_bytes) == ("EXL3 3.5 bpw", None, 288)
    assert (packed.layers, packed.heads, packed.embedding_length, packed.template) == (
        2,
        4,
        8,
        "{{ messages }}",
    )


def test_a_damaged_file_is_refused(machine: Machine) -> None:
    written(machine.folder / "bad.gguf", b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))
    with pytest.raises(InvalidModel):
        inspected("bad")


def test_heads_may_be_anything(machine: Machine) -> None:
    file = GgufBytes()
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("llama.attention.head_count", STRING, file.text("many"))
    file.array("llama.attention.head_count_kv", ARRAY, 1, file.pack("IQI", U32, 1, 7))
    file.array("llama.expert_count", U32, 0, b"")
    written(machine.folder / "odd.gguf", bytes(file))
    found = inspected("odd")
    assert (found.heads, found.kv_heads, found.experts, found.parameters) == (None, None, None, 0)
