"""The types that llama.cpp can give a file's weights, and when to use which.

Bits per weight are what the mix of each comes to on the shapes of Llama 3.1 8B. `COPY` is no type of its own.
"""

from __future__ import annotations

import difflib

from workbench.errors import InvalidRequest
from workbench.gguf import FILE_TYPES, GGML_TYPES
from workbench.quantize_request import QuantType

COPY = "COPY"
TYPES = (
    QuantType("Q1_0", 1.48, "One bit, for models that were trained to be binary."),
    QuantType("IQ1_S", 2.0, "The smallest; needs an importance matrix and loses much."),
    QuantType("IQ1_M", 2.15, "A little better than IQ1_S; needs an importance matrix."),
    QuantType("TQ1_0", 2.19, "For models trained with three values, such as BitNet; smaller, slower."),
    QuantType("IQ2_XXS", 2.38, "For very large models that fit no other way; needs an importance matrix."),
    QuantType("TQ2_0", 2.52, "For models trained with three values, such as BitNet; faster."),
    QuantType("IQ2_XS", 2.59, "Between IQ2_XXS and IQ2_S; needs an importance matrix."),
    QuantType("Q2_0", 2.68, "Plain two bits, for models that were trained for them."),
    QuantType("IQ2_S", 2.74, "Two bits and a half; needs an importance matrix."),
    QuantType("IQ2_M", 2.93, "The best of the two-bit types; needs an importance matrix."),
    QuantType("Q2_K_S", 2.97, "Fast two bits with a matrix: smaller than Q2_K, which it needs to be good."),
    QuantType("Q2_K", 3.16, "The smallest that works without an importance matrix; the loss shows."),
    QuantType("IQ3_XXS", 3.37, "Three bits at their smallest; needs an importance matrix."),
    QuantType("IQ3_XS", 3.5, "Between IQ3_XXS and IQ3_S; needs an importance matrix."),
    QuantType("Q3_K_S", 3.64, "Fast on CPUs, with a loss that shows; Q3_K_M is better."),
    QuantType("IQ3_S", 3.66, "Better than Q3_K_S at its size, slower on CPUs."),
    QuantType("IQ3_M", 3.76, "As IQ3_S, with more bits where they help most."),
    QuantType("Q3_K_M", 4.0, "Where Q4 does not fit; the loss is moderate."),
    QuantType("Q3_K_L", 4.3, "As Q3_K_M, with five bits for what is most sensitive."),
    QuantType("IQ4_XS", 4.46, "A tenth smaller than Q4_K_M and almost as good, best with a matrix."),
    QuantType("Q4_0", 4.64, "Old and simple, fast on ARM and small GPUs; Q4_K_S is better."),
    QuantType("Q4_K_S", 4.67, "A little smaller than Q4_K_M, a little worse."),
    QuantType("IQ4_NL", 4.68, "As IQ4_XS for models whose rows are no multiple of 256."),
    QuantType("Q4_K_M", 4.89, "The usual choice: small, fast, and the loss is hard to notice."),
    QuantType("Q4_1", 5.1, "Old; only where a device is fastest with it."),
    QuantType("Q5_K_S", 5.57, "A little smaller than Q5_K_M, a little worse."),
    QuantType("Q5_0", 5.57, "Old; Q5_K_S is better at the same size."),
    QuantType("Q5_K_M", 5.7, "Better than Q4_K_M where a fifth more memory is at hand."),
    QuantType("Q5_1", 6.04, "Old; Q5_K_M is better and smaller."),
    QuantType("Q6_K", 6.56, "Very close to the original."),
    QuantType(
        "MXFP4_MOE", None, "For mixtures of experts trained in MXFP4, such as gpt-oss; the rest is Q8_0."
    ),
    QuantType("Q8_0", 8.5, "Practically the original at half its size; for small models and as a source."),
    QuantType("F16", 16.0, "Two bytes; the usual original."),
    QuantType("BF16", 16.0, "Two bytes with the range of F32; keeps a BF16 original as it is."),
    QuantType("F32", 32.0, "Four bytes; for measuring, hardly for use."),
    QuantType(COPY, None, "Changes no weight: joins shards, or writes the metadata anew."),
)
ALIASES = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
_OTHER_TOOLS = {
    "EXL2": "convert.py of exllamav2",
    "EXL3": "convert.py of exllamav3",
    "MLC": "`mlc_llm convert_weight`",
    "AWQ": "AutoAWQ",
    "GPTQ": "GPTQModel",
}
_NUMBERS = {name: number for number, name in FILE_TYPES.items()}
_FOR_READING_ONLY = ("Q8_1", "Q8_K", "I8", "I16", "I32", "I64", "F64")
_TENSOR_TYPES = {
    kind.name: number for number, kind in GGML_TYPES.items() if kind.name not in _FOR_READING_ONLY
}


def type_named(name: str) -> QuantType:
    """The type of that name, whatever the case of its letters. Raises InvalidRequest."""
    wanted = ALIASES.get(name.upper(), name.upper())
    for kind in TYPES:
        if kind.name == wanted:
            return kind
    if wanted in _OTHER_TOOLS:
        raise InvalidRequest(
            f"{wanted} is no type of GGUF files: {_OTHER_TOOLS[wanted]} makes such models.",
            "Give the original as a folder in safetensors.",
        )
    if wanted in _NUMBERS:
        raise InvalidRequest(
            f"llama.cpp reads {wanted}, but cannot quantize to it.", "`workbench quantize --types` lists all."
        )
    raise _unknown(name, "type", [kind.name for kind in TYPES])


def file_type(name: str) -> int:
    """The number of `enum llama_ftype` for a type of TYPES; any for a copy."""
    return _NUMBERS.get(name, 0)


def tensor_type(name: str) -> int:
    """The number of `enum ggml_type` for what a single tensor can become. Raises InvalidRequest."""
    if name.upper() not in _TENSOR_TYPES:
        raise _unknown(name, "type of a tensor", list(_TENSOR_TYPES))
    return _TENSOR_TYPES[name.upper()]


def _unknown(name: str, what: str, known: list[str]) -> InvalidRequest:
    near = difflib.get_close_matches(name.upper(), known, n=3, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"Choose one of {', '.join(known)}."
    return InvalidRequest(f"There is no {what} {name!r}.", remedy)
