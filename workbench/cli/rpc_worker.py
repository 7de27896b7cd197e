"""`workbench rpc-worker`: this machine's devices, for models that are loaded on another one."""

from __future__ import annotations

from ipaddress import ip_address

import click

from workbench import registry
from workbench.cli import output
from workbench.cli.option_types import MEMORY
from workbench.engine_device import Loan
from workbench.errors import EngineUnavailable, InvalidRequest
from workbench.ports import Lender

DEFAULT_PORT = 50052

EPILOG = """\b
Examples:
  workbench rpc-worker --host 192.168.1.20        on the machine that helps
  workbench run MODEL --rpc 192.168.1.20:50052    on the one that has the model
"""


@click.command(epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--public", is_flag=True, help="Listen also where the internet may reach it; see above.")
@click.option("--memory", type=MEMORY, help="Let models take no more than this of each device.")
@click.option("--device", "devices", multiple=True, help="Lend this device; repeatable.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads, where the processor is lent.")
@click.option("--install", is_flag=True, help="Add what llama.cpp needs for this and for --rpc, and end.")
@click.option("--backend", help="The engine whose devices are lent.")
def rpc_worker(
    *,
    host: str,
    port: int,
    public: bool,
    memory: int | None,
    devices: tuple[str, ...],
    threads: int | None,
    install: bool,
    backend: str | None,
) -> None:
    """Lend this machine's devices to one that loads a model with --rpc, until Ctrl+C.

    The GPUs are lent, or the processor where there are none; one client is served at a time. llama.cpp's
    protocol has neither password nor encryption: whoever reaches it can use and break it. So it listens to
    this machine alone unless --host names an address of your own network, and elsewhere only with --public.
    """
    lender = _lender(backend)
    if install:
        output.line(str(lender.install()))
        return
    from workbench.listening import listen

    with listen(host, port) as listener:
        check_reach(listener.getsockname()[0], public)
        lender.lend(listener, Loan(devices=devices, memory_bytes=memory, threads=threads), output.note)


def _lender(backend: str | None) -> Lender:
    for name in [backend] if backend else registry.names():
        engine = registry.load(name)
        if (lender := engine.lender()) is None:
            continue
        if not (status := engine.status()).available:
            raise EngineUnavailable(f"{name} cannot run here.", status.remedy)
        return lender
    raise InvalidRequest(f"{backend or 'No engine'} lends no devices.", "Use llama-cpp.")


def check_reach(address: str, public: bool) -> None:
    """Raise InvalidRequest for an address that others than this network may reach, unless that is wanted."""
    here = ip_address(address.partition("%")[0])
    if here.is_loopback:
        return
    reaches_far = here.is_unspecified or here.is_global
    if reaches_far and not public:
        raise InvalidRequest(
            f"Anyone who reaches {here} could use and break this: it has neither password nor encryption.",
            "Give the address that this machine has in your own network, or --public if it must be.",
        )
    who = "whoever reaches it" if reaches_far else "everyone in this network"
    output.note(f"Warning: {who} can use and break this; it has neither password nor encryption.")
