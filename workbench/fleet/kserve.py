"""An InferenceService of KServe, whose runtime for Hugging Face models serves with vLLM.

By serving.kserve.io/v1beta1 as the KServe SDK 0.21 has it. Does not need Kubernetes.
"""

from __future__ import annotations

import re
from typing import Any

from workbench.errors import InvalidRequest, Unsupported
from workbench.fleet.model import FleetModel
from workbench.fleet.sizing import Sized, Wanted
from workbench.fleet.vllm import engine_arguments, flags

_GPU = {"cuda": "nvidia.com/gpu", "hip": "amd.com/gpu"}
_LONGEST_NAME = 63
_ANNOTATIONS = {
    "serving.kserve.io/deploymentMode": "RawDeployment",
    "serving.kserve.io/autoscalerClass": "none",
}
"""What KServe wants where one replica runs on several machines."""


def inference_service(
    model: FleetModel,
    name: str,
    wanted: Wanted,
    size: Sized,
    *,
    storage: str = "",
    most_replicas: int | None = None,
) -> dict[str, Any]:
    """The resource, as plain values; the weights come from `storage`, or from the hub.

    Raises Unsupported for GGUF, and InvalidRequest where the weights must be named.
    """
    if model.form != "safetensors":
        raise Unsupported(
            "KServe's runtime for Hugging Face models does not read GGUF.",
            "Take the model in safetensors, or `workbench deploy vllm`.",
        )
    several = size.pipeline_parallel > 1
    arguments = engine_arguments(model, wanted, size)
    if several:
        for part in ("tensor_parallel_size", "pipeline_parallel_size"):
            del arguments[part]
    arguments.pop("revision", None)
    gpus = {_GPU[wanted.gpu.api]: str(size.tensor_parallel)}
    served: dict[str, Any] = {
        "modelFormat": {"name": "huggingface"},
        "storageUri": storage or _storage(model, several),
        "args": [f"--model_name={name}", *flags(arguments)],
        "resources": {"limits": gpus, "requests": dict(gpus)},
    }
    predictor: dict[str, Any] = {
        "minReplicas": wanted.replicas,
        "maxReplicas": most_replicas or wanted.replicas,
    }
    metadata: dict[str, Any] = {"name": _resource_name(name)}
    if several:
        served["runtime"] = "kserve-huggingfaceserver-multinode"
        predictor["workerSpec"] = {
            "tensorParallelSize": size.tensor_parallel,
            "pipelineParallelSize": size.pipeline_parallel,
        }
        metadata["annotations"] = dict(_ANNOTATIONS)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": {"predictor": {**predictor, "model": served}},
    }


def _storage(model: FleetModel, several: bool) -> str:
    if several:
        raise InvalidRequest(
            "Where a replica takes several machines, KServe wants the weights on a volume that all read.",
            "Name it with --storage pvc://CLAIM/PATH.",
        )
    if model.source.startswith("/"):
        raise InvalidRequest(
            f"{model.source} is on this machine alone.", "Say with --storage URI where the cluster finds it."
        )
    return f"hf://{model.source}" + (f":{model.revision}" if model.revision else "")


def _resource_name(name: str) -> str:
    """A name of DNS, as Kubernetes wants it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST_NAME].strip("-")
    return plain if plain[:1].isalpha() else f"model-{plain}"[:_LONGEST_NAME].rstrip("-")
