"""`workbench deploy`: what makes several machines serve a model, for the tools that start it there."""

from __future__ import annotations

import click

from workbench.cli.deploy_fleet import kserve, ray_llm, vllm
from workbench.cli.deploy_ray import ray

EPILOG = """\b
Examples:
  workbench deploy ray guide --replicas 2 -o cluster
  workbench deploy vllm org/repo --gpu H100 --gpus 8 --context 32768 --parallel 16
  workbench deploy ray-llm org/repo --gpu H100 --gpus 8 --replicas 4 -o serve.yaml
  workbench deploy kserve org/repo --gpu H100 | kubectl apply -f -
"""


@click.group(epilog=EPILOG)
def deploy() -> None:
    """Serve a model from several machines, behind one address.

    Files are written, and nothing is started. Afterwards every command knows the model under the address:
    `workbench run http://HOST:PORT/v1`.
    """


for command in (ray, vllm, ray_llm, kserve):
    deploy.add_command(command)
