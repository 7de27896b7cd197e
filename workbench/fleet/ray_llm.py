"""The configuration from which ray.serve.llm runs vLLM on a Ray cluster, behind one address.

By LLMConfig of ray.serve.llm, Ray 2.44 and later. Does not need Ray.
"""

from __future__ import annotations

import re
from typing import Any

from workbench.fleet.model import FleetModel
from workbench.fleet.sizing import Sized, Wanted
from workbench.fleet.vllm import Place, engine_arguments

_ACCELERATORS = ("V100", "T4", "A10G", "L4", "L40S", "A100", "H100", "H200", "H20", "B200", "B300", "GB200")
"""Those of ray.util.accelerators that are called as the cards are."""


def llm_config(
    model: FleetModel, name: str, wanted: Wanted, size: Sized, place: Place, most_replicas: int | None = None
) -> dict[str, Any]:
    """What `serve run` reads, as plain values."""
    arguments = engine_arguments(model, wanted, size)
    loading = {"model_id": name, "model_source": model.source}
    if tokenizer := arguments.pop("tokenizer", ""):
        loading["tokenizer_source"] = tokenizer
    config: dict[str, Any] = {"model_loading_config": loading, "engine_kwargs": arguments}
    card = re.sub(r" [\d.]+GB$", "", wanted.gpu.name)
    if card in _ACCELERATORS:
        config["accelerator_type"] = card
    config["deployment_config"] = (
        {"num_replicas": wanted.replicas}
        if most_replicas is None
        else {"autoscaling_config": {"min_replicas": wanted.replicas, "max_replicas": most_replicas}}
    )
    application = {
        "name": "llm",
        "route_prefix": "/",
        "import_path": "ray.serve.llm:build_openai_app",
        "args": {"llm_configs": [config]},
    }
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": place.host, "port": place.port},
        "applications": [application],
    }
