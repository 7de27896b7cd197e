"""`workbench backends`: the engines that are installed."""

from __future__ import annotations

import click

from workbench.cli import output
from workbench.cli.backend_statuses import devices, documents, print_statuses
from workbench.cli.options import json_option, rpc_option
from workbench.cli.sections import SectionedCommand


@click.command(cls=SectionedCommand)
@rpc_option
@json_option
def backends(*, rpc_servers: tuple[str, ...], as_json: bool) -> None:
    """List the engines: whether they can run here, what they run and on what, or how to get them."""
    seen = devices(rpc_servers)
    if as_json:
        output.document(documents(seen))
    else:
        print_statuses(seen)
