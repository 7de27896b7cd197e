"""Settings as a person writes them after a command. Knows what differs from the defaults, and no command."""

from __future__ import annotations

import shlex

from workbench.engine_settings import EngineSettings


def flags(settings: EngineSettings, beside: EngineSettings | None = None) -> str:
    """The flags that turn `beside`, or else the defaults, into these settings; "" where there are none."""
    usual = beside or EngineSettings()
    written = [
        _flag("--context", settings.context_length, usual.context_length),
        _kv_types(settings, usual),
        _flag("--gpu-layers", _layers(settings), _layers(usual)),
        _flag("--experts-on-cpu", settings.experts_on_cpu, usual.experts_on_cpu),
        _flag("--split", _shares(settings), _shares(usual)),
        _flag("--micro-batch", settings.micro_batch, usual.micro_batch),
        _flag("--threads", settings.threads, usual.threads),
        _flag("--threads-batch", settings.threads_batch, usual.threads_batch),
        _flag("--parallel", settings.parallel, usual.parallel),
        _flag("--speculate", settings.speculation, usual.speculation),
        _flag(
            "--draft",
            settings.draft and shlex.quote(settings.draft),
            usual.draft and shlex.quote(usual.draft),
        ),
        _flag("--flash-attention", settings.flash_attention, usual.flash_attention),
        *(f"--rpc {one}" for one in settings.rpc_servers if one not in usual.rpc_servers),
        *(
            f"--tensor-override {shlex.quote(f'{one.pattern}={one.buffer}')}"
            for one in settings.tensor_overrides
            if one not in usual.tensor_overrides
        ),
    ]
    return " ".join(flag for flag in written if flag)


def _flag(name: str, value: object, usual: object) -> str:
    return "" if value == usual or value is None else f"{name} {value}"


def _layers(settings: EngineSettings) -> int | None:
    return settings.gpu_layers


def _shares(settings: EngineSettings) -> str:
    return ",".join(f"{share:g}" for share in settings.split)


def _kv_types(settings: EngineSettings, usual: EngineSettings) -> str:
    kinds = (settings.kv_type_k, settings.kv_type_v)
    if kinds == (usual.kv_type_k, usual.kv_type_v):
        return ""
    return f"--kv-type {kinds[0]}" if kinds[0] == kinds[1] else f"--kv-type {kinds[0]},{kinds[1]}"
