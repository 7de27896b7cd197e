"""How much of the disk may keep computed prompts, for commands that run long. Goes below engine_options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import click

from workbench.cli.option_types import MEMORY
from workbench.engine_settings import EngineSettings


def prompt_cache_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Puts what is given into the command's `settings`."""

    @click.option(
        "--prompt-cache",
        type=MEMORY,
        default="4GiB",
        show_default=True,
        help="How much of the disk may keep computed prompts, for when they come again after a restart.",
    )
    @click.option("--no-prompt-cache", is_flag=True, help="Keep no prompts on the disk.")
    @wraps(command)
    def with_cache(
        *, settings: EngineSettings, prompt_cache: int, no_prompt_cache: bool, **values: Any
    ) -> Any:
        size = 0 if no_prompt_cache else prompt_cache
        return command(settings=replace(settings, prompt_cache_bytes=size), **values)

    return with_cache
