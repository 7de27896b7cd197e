"""`workbench keys`: named keys for the endpoint, and the keys of other servers."""

from __future__ import annotations

import sys
import time

import click

from workbench.cli import output
from workbench.cli.option_types import DURATION
from workbench.cli.options import json_option
from workbench.paths import audit_file, keys_file


@click.group()
def keys() -> None:
    """Make, list and revoke the keys that `workbench serve` asks for, and store those of other servers.

    Where there is a key, the endpoint answers nobody without one. A running server hears of changes within
    seconds.
    """


@keys.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="It may load and unload models as well.")
@click.option("--model", "models", multiple=True, help="It may use this model only; repeatable.")
@click.option("--expires", type=DURATION, help="It is good for so long, such as 30d.")
@click.option("--rate", type=click.IntRange(1, 1_000_000), help="It may make so many requests in a minute.")
@json_option
def add(
    *, name: str, admin: bool, models: tuple[str, ...], expires: float | None, rate: int | None, as_json: bool
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    from workbench.server.access.audit import AuditLog
    from workbench.server.access.keys import KeyFile

    file = KeyFile(keys_file())
    secret = file.add(name, admin=admin, models=models, lifetime=expires, per_minute=rate)
    AuditLog(audit_file()).note("add key", name)
    if as_json:
        output.document({"name": name, "key": secret})
        return
    output.line(secret)
    output.note("Keep it: it is not shown again.")


@keys.command("list")
@json_option
def list_keys(*, as_json: bool) -> None:
    """List the keys by name, with what each may do."""
    from workbench.server.access.keys import Key, KeyFile

    def document(key: Key) -> dict[str, object]:
        return {
            "name": key.name,
            "scope": "admin" if key.admin else "inference",
            "models": list(key.models),
            "created": key.created,
            "expires": key.expires,
            "requests_per_minute": key.per_minute,
            "valid": key.is_valid(),
        }

    found = KeyFile(keys_file()).read()
    if as_json:
        output.document([document(key) for key in found])
        return
    output.table(
        ("name", "scope", "models", "requests a minute", "expires"),
        [
            (
                key.name,
                "admin" if key.admin else "inference",
                ", ".join(key.models) or "all",
                str(key.per_minute or "any"),
                _date(key.expires),
            )
            for key in found
        ],
    )


@keys.command()
@click.argument("name")
def revoke(*, name: str) -> None:
    """Let the key of that name open nothing any more."""
    from workbench.server.access.audit import AuditLog
    from workbench.server.access.keys import KeyFile

    KeyFile(keys_file()).revoke(name)
    AuditLog(audit_file()).note("revoke key", name)


@keys.command()
@click.argument("url")
def store(*, url: str) -> None:
    """Keep the key of the server at URL in the system's keyring, for models that are asked for there.

    It is read from standard input, or asked for. An empty one forgets what was kept.
    """
    from workbench.openai_client.address import parse_address
    from workbench.openai_client.keys import keep_key

    [address, *_] = parse_address(url).urls
    if sys.stdin.isatty():
        secret = click.prompt("Key", hide_input=True, default="", show_default=False, err=True)
    else:
        secret = sys.stdin.readline()
    keep_key(address, secret.strip())


def _date(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    spelled = time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    return spelled if time.time() < seconds else f"{spelled} (expired)"
