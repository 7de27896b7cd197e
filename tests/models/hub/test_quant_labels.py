"""Quants as publishers write them into the names of files."""

from __future__ import annotations

import pytest

from workbench.gguf import FILE_TYPES
from workbench.models.hub.quant_label import Name, bits, split_name

NAMES = {
    "Llama-3.2-1B-Instruct-Q4_K_M": Name("Llama-3.2-1B-Instruct", "Q4_K_M"),
    "tinyllama-1.1b-chat-v1.0.Q4_K_M": Name("tinyllama-1.1b-chat-v1.0", "Q4_K_M"),
    "Qwen3-8B-UD-Q4_K_XL": Name("Qwen3-8B", "UD-Q4_K_XL"),
    "model.i1-IQ2_XXS": Name("model", "i1-IQ2_XXS"),
    "gpt-oss-20b-mxfp4": Name("gpt-oss-20b", "MXFP4"),
    "gpt-oss-20b-MXFP4_MOE": Name("gpt-oss-20b", "MXFP4_MOE"),
    "x-q4_k_s": Name("x", "Q4_K_S"),
    "x-fp16": Name("x", "F16"),
    "x_f32": Name("x", "F32"),
    "mmproj-model-f16": Name("mmproj-model", "F16"),
    "x-Q4_0_4_8": Name("x", "Q4_0_4_8"),
    "x-Q4_K_S-3.73bpw": Name("x-3.73bpw", "Q4_K_S"),
    "x-f16.q6_k": Name("x-f16", "Q6_K"),
    "x-IQ4_KSS": Name("x", "IQ4_KSS"),
    "x-smol-IQ2_KS": Name("x", "smol-IQ2_KS"),
    "Q8_0": Name("", "Q8_0"),
    "UD-IQ1_M": Name("", "UD-IQ1_M"),
    "Phi-4-mini": Name("Phi-4-mini", ""),
    "Qwen3-30B-A3B-F1": Name("Qwen3-30B-A3B-F1", ""),
    "model": Name("model", ""),
    "": Name("", ""),
}


@pytest.mark.parametrize(("name", "parts"), NAMES.items())
def test_the_quant_is_read_out_of_the_name(name: str, parts: Name) -> None:
    assert split_name(name) == parts


@pytest.mark.parametrize("quant", sorted(set(FILE_TYPES.values())))
def test_every_type_of_llama_cpp_is_known(quant: str) -> None:
    for written in (quant, quant.lower(), f"UD-{quant}"):
        read = split_name(f"some-model-7b-{written}")
        assert read.stem == "some-model-7b"
        assert read.quant.upper() == written.upper()


def test_bits_are_the_first_number() -> None:
    labels = ("Q4_K_M", "i1-IQ2_XXS", "UD-Q8_K_XL", "BF16", "F32", "MXFP4", "TQ1_0", "")
    assert [bits(label) for label in labels] == [4, 2, 8, 16, 32, 4, 1, 0]
