"""What would come of a request: each tensor's new type, from the log of llama.cpp's dry run, and exact sizes.

llama.cpp tells a tensor's type in a line each, and sizes to a hundredth of a MiB; the bytes are computed from
the types here. Knows the sentences of the pinned version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from workbench.errors import InvalidModel, InvalidRequest
from workbench.gguf import GGML_TYPES, Header, TensorInfo, check_whole, read_model
from workbench.quantize_request import PlannedTensor, QuantizePlan, QuantizeRequest
from workbench_llama_cpp.binding import log
from workbench_llama_cpp.quantizing.call import prepared
from workbench_llama_cpp.quantizing.sizes import ALIGNMENT, file_sizes
from workbench_llama_cpp.quantizing.types import COPY

_TENSOR = re.compile(r"\[ *\d+/ *\d+\] (.+?) +- \[[-\d, ]*\], type = +\S+, size = .*?(?:\((\S+)\))?$")
_FALLBACK = re.compile(r"warning: (\S+) +- ncols +(\d+) not divisible by +(\d+) .*-> falling back to +(\S+)")
_TYPES = {kind.name: kind for kind in GGML_TYPES.values()}
_NO_MODELS = {"adapter": "a LoRA adapter", "imatrix": "an importance matrix"}
_UNQUANTIZED = ("F32", "F16", "BF16", COPY)


def plan(request: QuantizeRequest) -> QuantizePlan:
    """Raises InvalidModel or InvalidRequest."""
    header = _sound(request.source)
    call = prepared(request)
    lines: list[str] = []
    log.watch = lines.append
    call.run("", dry=True)
    tensors = tuple(_tensors(header, lines))
    _check_effect(request, tensors)
    sizes = {tensor.name: tensor.size_bytes for tensor in tensors}
    return QuantizePlan(
        tensors=tensors,
        file_sizes=file_sizes(request.source, call.overrides, sizes, keep_split=request.keep_split),
        needs_importance=any("will require an imatrix" in line for line in lines),
        notes=tuple(_fallbacks(lines)),
    )


def _sound(source: str) -> Header:
    header = read_model(source)
    check_whole(header)
    role = header.text("general.type") or ""
    if role in _NO_MODELS or not header.architecture:
        what = _NO_MODELS.get(role, "no model: it names no architecture")
        raise InvalidModel(f"{header.source_name} is {what}, which cannot be quantized.", "Give a model.")
    if header.byte_order == "big" or header.alignment != ALIGNMENT:
        raise InvalidModel(
            f"{header.source_name} is big-endian or aligned to {header.alignment}, which llama.cpp's "
            "quantizer would spoil.",
            "Convert the original anew.",
        )
    return header


def _tensors(header: Header, lines: Sequence[str]) -> Iterator[PlannedTensor]:
    """Those of the model, in the order in which llama.cpp goes through them."""
    known: dict[str, TensorInfo] = {tensor.name: tensor for tensor in header.tensors}
    for line in lines:
        if match := _TENSOR.match(line):
            tensor = known.pop(match[1])
            kind = _TYPES[match[2].upper()] if match[2] else tensor.type
            size = tensor.elements // kind.block_elements * kind.block_bytes
            yield PlannedTensor(tensor.name, tensor.shape, tensor.type.name, kind.name, size)
    if known:
        raise InvalidModel(
            f"llama.cpp leaves out tensors of {header.source_name}, such as {next(iter(known))}.",
            "Take a newer llama-cpp-python, or another file.",
        )


def _check_effect(request: QuantizeRequest, tensors: Sequence[PlannedTensor]) -> None:
    """Raise InvalidRequest for what was asked for in vain."""
    if request.tensor_types and request.type in _UNQUANTIZED:
        raise InvalidRequest(
            f"Types of single tensors have no effect with {request.type}.",
            "Take a quantized type and set the rest.",
        )
    for rule in request.tensor_types:
        if not any(_fits(rule.pattern, tensor.name) for tensor in tensors):
            raise InvalidRequest(
                f"No tensor's name fits {rule.pattern!r}.", "`workbench show MODEL` tells what there is."
            )
    becomes = {tensor.name: tensor.type for tensor in tensors}
    output = "output.weight" if "output.weight" in becomes else "token_embd.weight"
    _check_type("--output-type", request.output_type, output, becomes)
    _check_type("--embedding-type", request.embedding_type, "token_embd.weight", becomes)


def _check_type(option: str, wanted: str, tensor: str, becomes: Mapping[str, str]) -> None:
    if wanted and becomes.get(tensor, "").upper() != wanted.upper():
        found = f"{tensor} becomes {becomes[tensor]}" if tensor in becomes else f"there is no {tensor}"
        raise InvalidRequest(f"{option} has no effect here: {found}.", f"Leave {option} out.")


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # C++ knows other expressions, and has taken it
        return True


def _fallbacks(lines: Sequence[str]) -> Iterator[str]:
    """Which tensors have rows that their type cannot hold, by type and by what they become instead."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for line in lines:
        if match := _FALLBACK.search(line):
            found.setdefault((match[2], match[3], match[4].upper()), []).append(match[1])
    for (columns, block, kind), names in found.items():
        others = f" and {len(names) - 1} others" if len(names) > 1 else ""
        yield f"{names[0]}{others}: rows of {columns} are no multiple of {block}, so they become {kind}."
