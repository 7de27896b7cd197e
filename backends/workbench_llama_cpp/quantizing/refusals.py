"""Why llama.cpp would not quantize, from what it wrote in its log.

Knows the sentences of the pinned version; others end in a plainer one.
"""

from __future__ import annotations

import re

from workbench.errors import InvalidModel, InvalidRequest, NoSpace, WorkbenchError
from workbench.quantize_request import QuantizeRequest
from workbench_llama_cpp.refusals import load_error


def quantize_error(request: QuantizeRequest, said: str) -> WorkbenchError:
    if "unknown model architecture" in said:
        return load_error(request.source, said)
    reason = (re.findall(r"failed to quantize: (.+)", said) or ["it gave no reason"])[-1].rstrip(".! ")
    if re.search(r"requires an imatrix|[Mm]issing importance matrix", reason):
        return needs_importance(request)
    if "requantizing from type" in reason:
        return InvalidRequest(
            f"Some weights of {request.source} are quantized already; doing it again costs quality twice.",
            "Take the original, or give --allow-requantize.",
        )
    if "iostream" in reason:
        return NoSpace(
            "The file could not be written to its end.", "Make room on the disk, or look at its limits."
        )
    if "invalid data" in reason or "validation failed" in reason:
        return InvalidModel(
            f"{request.source} has weights that are no numbers: {reason}.", "Download or convert it again."
        )
    if reason.startswith("imatrix size"):
        return InvalidRequest(
            f"The importance matrix is of another model: {reason}.",
            "Make one of this model with `workbench imatrix`.",
        )
    if re.search(r"regex|regular expression|[Uu]nmatched|expression", reason):
        return InvalidRequest(
            f"A pattern of --tensor-type is no regular expression: {reason}.", "Correct it."
        )
    return InvalidModel(
        f"llama.cpp cannot quantize {request.source}: {reason}.", "Take another file or type."
    )


def needs_importance(request: QuantizeRequest) -> InvalidRequest:
    return InvalidRequest(
        f"{request.type} needs an importance matrix.",
        "Make one with `workbench imatrix` and give it with --imatrix, or take a type of more bits.",
    )
