"""vLLM's words for how a model is served: its arguments, its command on each machine, and a compose file.

By vLLM 0.29 to 0.33 and vllm-gguf-plugin 0.0.5. Does not need them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.errors import InvalidRequest, Unsupported
from workbench.fleet.model import FleetModel
from workbench.fleet.sizing import Sized, Wanted

IMAGE = "vllm/vllm-openai:v0.33.0"
_METHODS = frozenset({
    "awq", "auto-round", "compressed-tensors", "deepseek_v4_fp8", "experts_int8", "fbgemm_fp8", "fp8",
    "fp_quant", "gpt_oss_mxfp4", "gptq", "humming", "inc", "modelopt", "modelopt_fp4", "modelopt_mixed",
    "modelopt_mxfp8", "moe_wna16", "mxfp4", "mxfp8", "quark", "torchao",
})  # fmt: skip
"""What config.json may name as its quantization (vllm.model_executor.layers.quantization)."""
_GGUF_TYPES = frozenset({
    "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
    "Q6_K", "IQ1_M", "IQ1_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS", "IQ4_NL",
})  # fmt: skip
"""The types of tensors that the plugin computes with (vllm_gguf_plugin.quantization.utils)."""
_PLUGIN = "vllm-gguf-plugin"
_MOST_REQUESTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it listens; `head` is the first of several machines, by a name that the others know."""

    host: str = "127.0.0.1"
    port: int = 8000
    head: str = ""


def check(model: FleetModel) -> None:
    """Raises Unsupported for what vLLM does not run."""
    unknown = sorted(model.types - _GGUF_TYPES)
    if unknown:
        raise Unsupported(
            f"vLLM does not compute with tensors of the type {', '.join(unknown)}.",
            "Take another quantization, or serve it with `workbench deploy ray`.",
        )
    if model.form == "safetensors" and model.quantization and model.quantization not in _METHODS:
        raise Unsupported(
            f"vLLM does not run models that are quantized with {model.quantization}.",
            "Take the model as it was before, or in AWQ, GPTQ or FP8.",
        )


def engine_arguments(model: FleetModel, wanted: Wanted, size: Sized) -> dict[str, Any]:
    """EngineArgs by name; who wants several requests at once gets as many as have room for their context."""
    arguments: dict[str, Any] = {
        "max_model_len": wanted.context_length,
        "tensor_parallel_size": size.tensor_parallel,
    }
    if wanted.parallel > 1:
        arguments["max_num_seqs"] = max(wanted.parallel, min(size.requests, _MOST_REQUESTS))
    if size.pipeline_parallel > 1:
        arguments["pipeline_parallel_size"] = size.pipeline_parallel
    if wanted.cache == "fp8":
        arguments["kv_cache_dtype"] = "fp8"
    return arguments | {
        name: value for name, value in (("tokenizer", model.tokenizer), ("revision", model.revision)) if value
    }


def flags(arguments: dict[str, Any]) -> list[str]:
    return [word for name, value in arguments.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def commands(model: FleetModel, name: str, wanted: Wanted, size: Sized, place: Place) -> list[list[str]]:
    """One for each machine, first that of the one that answers.

    Raises InvalidRequest where replicas need more machines, or several machines have no head.
    """
    own = flags(engine_arguments(model, wanted, size) | _replicas(wanted, size))
    words = ["vllm", "serve", model.source, "--served-model-name", name, *own]
    answering = ["--host", place.host, "--port", str(place.port)]
    machines = size.pipeline_parallel
    if machines == 1:
        return [words + answering]
    if not place.head:
        raise InvalidRequest(
            f"This takes {machines} machines with {size.tensor_parallel} x {wanted.gpu.name} each.",
            "Name the first of them with --head, by an address that the others reach.",
        )
    shared = [*words, "--nnodes", str(machines), "--master-addr", place.head]
    others = [[*shared, "--node-rank", str(rank), "--headless"] for rank in range(1, machines)]
    return [[*shared, "--node-rank", "0", *answering], *others]


def compose(model: FleetModel, name: str, wanted: Wanted, size: Sized, place: Place) -> dict[str, Any]:
    """A compose file for one machine. Raises InvalidRequest for several, and Unsupported for AMD's cards."""
    if size.pipeline_parallel > 1:
        raise InvalidRequest(
            f"A compose file is for one machine, and this takes {size.pipeline_parallel}.",
            "Leave --compose out for the command of each.",
        )
    if wanted.gpu.api != "cuda":
        raise Unsupported("The image is for NVIDIA cards.", "Leave --compose out for the command.")
    own = flags(engine_arguments(model, wanted, size) | _replicas(wanted, size))
    volumes = [f"~/.cache/huggingface:{_HUB_FOLDER}"]
    if model.source.startswith("/"):
        volumes.append(f"{model.source}:{model.source}:ro")
    gpus = {"driver": "nvidia", "count": size.gpus * wanted.replicas, "capabilities": ["gpu"]}
    service = {
        "image": IMAGE,
        **({"entrypoint": _WITH_PLUGIN} if model.form == "GGUF" else {}),
        "command": [model.source, "--served-model-name", name, *own],
        "ports": [f"{place.host}:{place.port}:8000"],
        "environment": ["HF_TOKEN", "VLLM_API_KEY", f"HF_HOME={_HUB_FOLDER}"],
        "volumes": volumes,
        "ipc": "host",
        "restart": "unless-stopped",
        "deploy": {"resources": {"reservations": {"devices": [gpus]}}},
    }
    return {"services": {"vllm": service}}


_HUB_FOLDER = "/models"
"""Where the hub's files are inside the container, whoever runs it."""
_WITH_PLUGIN = ["sh", "-c", f'uv pip install --system {_PLUGIN} && exec vllm serve "$$@"', "vllm"]


def notes(model: FleetModel) -> tuple[str, ...]:
    """What else there is to know, in sentences."""
    told = list(model.notes)
    if model.form == "GGUF":
        told.append(
            f"vLLM reads GGUF with its plugin alone: pip install {_PLUGIN}. Safetensors run faster there."
        )
    return tuple(told)


def _replicas(wanted: Wanted, size: Sized) -> dict[str, int]:
    if wanted.replicas == 1:
        return {}
    needed = size.gpus * wanted.replicas
    if size.pipeline_parallel > 1 or needed > wanted.gpus_per_machine:
        raise InvalidRequest(
            f"{wanted.replicas} replicas take {needed} GPUs, and a machine has {wanted.gpus_per_machine}.",
            "Give --gpus or fewer --replicas, or spread them with `workbench deploy ray-llm`.",
        )
    return {"data_parallel_size": wanted.replicas}
