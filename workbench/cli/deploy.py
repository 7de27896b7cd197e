"""`workbench deploy`: what makes several machines serve a model, for the tools that start it there."""

from __future__ import annotations

import click

from workbench.cli.deploy_ray import ray

EPILOG = """\b
Examples:
  workbench deploy ray guide --replicas 2 -o cluster
"""


@click.group(epilog=EPILOG)
def deploy() -> None:
    """Serve a model from several machines, behind one address.

    Files are written, and nothing is started. Afterwards every command knows the model under the address:
    `workbench run http://HOST:PORT/v1`.
    """


deploy.add_command(ray)
