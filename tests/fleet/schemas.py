"""What `workbench deploy` writes, shown to the code that reads it where that is installed; run by hand.

    python -m tests.fleet.schemas MODEL --gpu H100 --gpus 8 ...

vLLM's parser of arguments, Ray's LLMConfig and the models of KServe's SDK need no GPU, but packages that do
not go with the workbench's: install them beside it into an environment of their own. What is not installed is
told as not checked.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from typing import Any

from tests.fleet.deploying import deployed


def vllm(document: dict[str, Any]) -> str:
    _without_a_card()
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = AsyncEngineArgs.add_cli_args(FlexibleArgumentParser())
    for name in ("--host", "--port"):
        parser.add_argument(name)
    parser.add_argument("--headless", action="store_true")
    for command in document["commands"]:
        parser.parse_args(shlex.split(command)[3:])
    return f"{len(document['commands'])} commands"


def ray_llm(document: dict[str, Any]) -> str:
    _without_a_card()
    from ray.serve.llm import LLMConfig
    from ray.serve.schema import ServeDeploySchema

    ServeDeploySchema.model_validate(document["spec"])
    [application] = document["spec"]["applications"]
    [config] = application["args"]["llm_configs"]
    return str(LLMConfig(**config).model_id)


def kserve(document: dict[str, Any]) -> str:
    """Every name in the resource is one that the SDK's models have at that place."""
    from kserve import models

    def check(kind: str, value: Any) -> None:
        known = getattr(models, kind, None)
        if known is None:  # one of Kubernetes' own
            return
        names = {written: name for name, written in known.attribute_map.items()}
        for name, inner in value.items():
            check(known.openapi_types[names[name]], inner)

    check("V1beta1InferenceService", document["spec"])
    return str(document["spec"]["metadata"]["name"])


def _without_a_card() -> None:
    """As soon as it is imported, vLLM wants to know on what it runs."""
    import vllm.platforms
    from vllm.platforms.cpu import CpuPlatform

    vllm.platforms._current_platform = CpuPlatform()


CHECKS: dict[str, Callable[[dict[str, Any]], str]] = {"vllm": vllm, "ray-llm": ray_llm, "kserve": kserve}


if __name__ == "__main__":
    for name, check in CHECKS.items():
        told = json.loads(deployed(name, *sys.argv[1:], "--json").stdout)
        try:
            print(f"{name}: accepted, {check(told)}")
        except ImportError as error:
            print(f"{name}: not checked, {error}")
