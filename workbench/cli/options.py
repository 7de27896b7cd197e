"""Every option that more than one command has, declared once, and the values they become.

Each decorator takes the raw flags away from the command and gives it checked values instead. No command is
known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, get_args

import click

from workbench.cli.option_types import BIAS, KV_TYPES_OF_CACHE, LORA, SHARES, TENSOR_OVERRIDE
from workbench.cli.sections import SectionedOption
from workbench.engine_settings import EngineSettings, Speculation
from workbench.sampling import SamplingSettings

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def _option(section: str, *names: str, **attributes: Any) -> Decorator:
    return click.option(*names, cls=SectionedOption, section=section, **attributes)


def _sampling(*names: str, **attributes: Any) -> Decorator:
    return _option("Sampling", *names, **attributes)


def _engine(*names: str, **attributes: Any) -> Decorator:
    return _option("Engine", *names, **attributes)


attach_option = click.option(
    "--no-attach", "attach", is_flag=True, flag_value=False, default=True,
    help="Load the model here, even where a running server has it loaded.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

_SAMPLING = (
    _sampling("--temperature", type=float, help="0 is greedy: always the most likely token."),
    _sampling("--top-k", type=int, help="Draw from the K most likely tokens; 0 means all."),
    _sampling("--top-p", type=float, help="Draw from the likeliest tokens that together reach P."),
    _sampling("--min-p", type=float, help="Drop tokens below this share of the likeliest one."),
    _sampling("--typical-p", type=float, help="Locally typical sampling; 1 is off."),
    _sampling("--repeat-penalty", type=float, help="Above 1, tokens said before become less likely."),
    _sampling("--frequency-penalty", type=float, help="The same, growing with each repetition."),
    _sampling("--presence-penalty", type=float, help="The same, once for all repetitions."),
    _sampling("--repeat-last-n", type=int, help="Penalties and DRY look at so many tokens; -1 means all."),
    _sampling("--dry-multiplier", type=float, help="Strength of DRY, against repeated phrases; 0 is off."),
    _sampling("--dry-base", type=float, help="How fast DRY grows with the length of the phrase."),
    _sampling("--dry-allowed-length", type=int, help="The longest phrase that DRY lets repeat."),
    _sampling("--xtc-probability", type=float, help="How often XTC drops the likeliest tokens; 0 is off."),
    _sampling("--xtc-threshold", type=float, help="XTC drops all that reach this, but the last of them."),
    _sampling("--mirostat", type=int, help="1 or 2 turns on that version of Mirostat."),
    _sampling("--logit-bias", type=BIAS, multiple=True, help="Add BIAS to the logit of token ID."),
    _sampling("--seed", type=int, help="Draw the same answer again."),
)

_LENGTH = (
    _sampling("--max-tokens", type=click.IntRange(min=1), help="End the answer after so many tokens."),
    _sampling("--stop", type=str, multiple=True, help="End the answer before this text; repeatable."),
)

_ENGINE = (
    _engine("--context", "context_length", type=int, help="Tokens that each request gets."),
    _engine("--kv-type", "kv_types", type=KV_TYPES_OF_CACHE, help="Type of the KV cache, or K,V apart."),
    _engine("--gpu-layers", type=int, help="Layers on the GPU; all that there are if left out."),
    _engine("--micro-batch", type=int, help="Tokens computed in one pass at most."),
    _engine("--threads", type=int, help="CPU threads."),
    _engine("--threads-batch", type=int, help="CPU threads for prompts and for several answers at once."),
    _engine("--flash-attention", type=click.Choice(["auto", "on", "off"])),
    _engine(
        "--speculate",
        "speculation",
        type=click.Choice(get_args(Speculation)),
        help="Draft what comes next: ngram looks it up in the text before, draft asks the --draft model. "
        "Answers stay the same.",
    ),
    _engine(
        "--projector",
        "--mmproj",
        "projector",
        metavar="FILE|MODEL",
        help="What lets the model see or hear, where it is not beside it; none loads none.",
    ),
    _engine("--draft", metavar="MODEL", help="A smaller model with the same vocabulary, which drafts."),
    _engine("--experts-on-cpu", type=int, help="Keep the expert tensors of the first N layers in RAM."),
    _engine(
        "--tensor-override",
        "tensor_overrides",
        type=TENSOR_OVERRIDE,
        multiple=True,
        help="Put the tensors that match PATTERN on BUFFER; repeatable.",
    ),
    _engine("--split", type=SHARES, help="Shares of the model for each device, such as 3,1."),
    _engine(
        "--pooling",
        type=click.Choice(["mean", "cls", "last", "rank"]),
        help="How embeddings are made of tokens, where the model's file does not say.",
    ),
    _engine("--lora", type=LORA, multiple=True, help="Apply a LoRA adapter; repeatable."),
    _engine(
        "--device",
        "devices",
        type=str,
        multiple=True,
        help="Use this device, or rpc://HOST:PORT, and no other; repeatable.",
    ),
)

rpc_option = _engine(
    "--rpc",
    "rpc_servers",
    metavar="HOST:PORT",
    multiple=True,
    help="Use also the devices of this machine, where `workbench rpc-worker` runs; repeatable.",
)

_PARALLEL = _engine("--parallel", type=int, help="Requests that run at once.")
_BACKEND = _engine("--backend", type=str, help="Use this engine; `workbench backends` lists them.")
_PROFILE = _engine(
    "--no-profile",
    "profile",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Leave aside what `workbench tune` has found.",
)


def sampling_options(command: Command) -> Command:
    """Gives the command `sampling`, `max_tokens` and `stop`."""
    return drawing_options(_decorated(command, _LENGTH))


def drawing_options(command: Command) -> Command:
    """Gives the command `sampling`."""

    @wraps(command)
    def with_sampling(**values: Any) -> Any:
        given = _taken(values, SamplingSettings)
        given["logit_bias"] = dict(given.get("logit_bias", ()))
        return command(sampling=SamplingSettings(**given), **values)

    return _decorated(with_sampling, _SAMPLING)


def engine_options(command: Command, *, parallel: bool = True) -> Command:
    """Gives the command `settings` and `backend`. Without `parallel` it has a --parallel of its own."""

    @wraps(command)
    def with_engine(**values: Any) -> Any:
        kv_types = values.pop("kv_types")
        given = _taken(values, EngineSettings)
        if kv_types:
            given["kv_type_k"], given["kv_type_v"] = kv_types
        return command(settings=EngineSettings(**given, given=frozenset(given)), **values)

    return _decorated(with_engine, (*_ENGINE, rpc_option, *((_PARALLEL,) if parallel else ()), _BACKEND))


def loading_options(command: Command, *, parallel: bool = True) -> Command:
    """As engine_options, and --no-profile, with which every setting counts as given and none is tuned."""

    @wraps(command)
    def with_profile(*, settings: EngineSettings, profile: bool, **values: Any) -> Any:
        if not profile:
            settings = replace(settings, given=frozenset(EngineSettings.__dataclass_fields__))
        return command(settings=settings, **values)

    return _decorated(engine_options(with_profile, parallel=parallel), (_PROFILE,))


def _taken(values: dict[str, Any], kind: type) -> dict[str, Any]:
    """Move what belongs to `kind` out of `values`; flags that were not given keep its own defaults."""
    names = [name for name in values if name in kind.__dataclass_fields__]  # type: ignore[attr-defined]
    taken = {name: values.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value not in (None, ())}


def _decorated(command: Command, options: tuple[Decorator, ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
