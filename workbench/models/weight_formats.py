"""The forms in which people publish weights, and the engines that run each.

GGUF is not among them: it runs here. Knows which engines take a form, not whether they are installed, nor
which models they know.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.models.folder_facts import quantization_method
from workbench.models.stores import StoredModel

_SERVERS = "vLLM or SGLang"


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """One form: what it is called, and the engines that run it, as a sentence would name them.

    `converts` says that `workbench convert` makes GGUF files of it.
    """

    name: str
    engines: str
    converts: bool = False


FORMATS = {
    "awq": WeightFormat("AWQ", _SERVERS),
    "bitsandbytes": WeightFormat("bitsandbytes", "transformers or vLLM"),
    "compressed-tensors": WeightFormat("compressed-tensors", _SERVERS),
    "exl2": WeightFormat("EXL2", "exllamav2, behind a server such as TabbyAPI"),
    "exl3": WeightFormat("EXL3", "exllamav3, behind a server such as TabbyAPI"),
    "fbgemm_fp8": WeightFormat("FP8", _SERVERS),
    "fp8": WeightFormat("FP8", "vLLM, SGLang or TensorRT-LLM"),
    "gptq": WeightFormat("GPTQ", _SERVERS),
    "mlc": WeightFormat("MLC", "mlc_llm"),
    "modelopt": WeightFormat("ModelOpt", "TensorRT-LLM, vLLM or SGLang"),
    "mxfp4": WeightFormat("MXFP4", _SERVERS),
    "onnx": WeightFormat("ONNX", "ONNX Runtime"),
    "pickle": WeightFormat("pickled PyTorch", "none that should: opening one can run what its author wished"),
    "safetensors": WeightFormat("safetensors", "vLLM, SGLang or `transformers serve`", converts=True),
}
_ENDINGS = {
    ".safetensors": "safetensors",
    ".onnx": "onnx",
    **dict.fromkeys((".bin", ".pt", ".pth", ".ckpt", ".pkl"), "pickle"),
}


PICKLED = "pickled weights, and opening a pickle can run what its author wished."


def weight_format(place: StoredModel) -> WeightFormat | None:
    """Of what is stored there; None for GGUF, and for what has another form than those above."""
    match place.kind:
        case "remote":
            return None
        case "gguf":
            return FORMATS.get(_ENDINGS.get(place.path.suffix.lower(), ""))
        case "safetensors":
            method = quantization_method(place)
            return FORMATS.get(method) or (
                WeightFormat(method, "transformers, with its library") if method else FORMATS["safetensors"]
            )
    return FORMATS[place.kind]
