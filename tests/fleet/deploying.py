"""`workbench deploy` in this process, and what it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from workbench.cli.deploy import deploy


def deployed(*arguments: str) -> Result:
    """Raises what the command raises."""
    result = CliRunner().invoke(deploy, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def ray_config(folder: Path, *arguments: str) -> dict[str, Any]:
    """The configuration that `deploy ray` writes into a folder of its own."""
    deployed("ray", *arguments, "-o", str(folder))
    config: dict[str, Any] = yaml.safe_load((folder / "serve.yaml").read_text())
    return config


def replica_args(config: dict[str, Any]) -> dict[str, Any]:
    [application] = config["applications"]
    args: dict[str, Any] = application["args"]
    return args
