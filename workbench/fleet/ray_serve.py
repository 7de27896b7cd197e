"""The configuration from which Ray Serve runs replicas of the endpoint behind one address.

By ServeDeploySchema of ray.serve.schema, Ray 2.44 and later. Does not need Ray.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.fleet.replicas import Replicas

IMPORT_PATH = "workbench.cli.replica:ray_application"
DEPLOYMENT = "Replica"
_LAST_ANSWERS_SECONDS = 120
"""How long a replica that is to stop may go on with the answers that it has begun."""
_MORE_REQUESTS = 16
"""What a replica takes beside those that it answers at once, as questions about the model must not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many replicas there are, and what each gets of its machine.

    Attributes:
        most_replicas: Replicas are added up to so many while there are more requests than they take at once.
        per_machine: Replicas on one machine at most; None for as many as there are CPUs and GPUs for.
        cpus: What Ray sets aside for each; it holds no replica to that. `gpus` likewise, which it does.
        parallel: Requests that one replica answers at once.
    """

    replicas: int
    most_replicas: int | None = None
    per_machine: int | None = None
    cpus: float = 1
    gpus: float = 0
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Front:
    """Where Ray's proxy listens on the machine that heads the cluster; with a certificate it speaks https."""

    port: int
    certificate: Path | None = None
    key: Path | None = None


def serve_config(replicas: Replicas, scale: Scale, front: Front) -> dict[str, Any]:
    """What `serve run` reads, as plain values."""
    secure = {"ssl_certfile": front.certificate, "ssl_keyfile": front.key or front.certificate}
    return {
        "proxy_location": "HeadOnly",
        "http_options": {
            "host": replicas.host,
            "port": front.port,
            **({name: str(path) for name, path in secure.items()} if front.certificate else {}),
        },
        "applications": [
            {
                "name": replicas.preset.name,
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                "args": replicas.document(),
                "deployments": [_deployment(scale)],
            }
        ],
    }


def _deployment(scale: Scale) -> dict[str, Any]:
    deployment: dict[str, Any] = {
        "name": DEPLOYMENT,
        "max_ongoing_requests": scale.parallel + _MORE_REQUESTS,
        "graceful_shutdown_timeout_s": _LAST_ANSWERS_SECONDS,
        "ray_actor_options": {"num_cpus": scale.cpus, "num_gpus": scale.gpus},
    }
    if scale.per_machine is not None:
        deployment["max_replicas_per_node"] = scale.per_machine
    if scale.most_replicas is None:
        return deployment | {"num_replicas": scale.replicas}
    bounds = {"min_replicas": scale.replicas, "max_replicas": scale.most_replicas}
    return deployment | {"autoscaling_config": bounds | {"target_ongoing_requests": scale.parallel}}
