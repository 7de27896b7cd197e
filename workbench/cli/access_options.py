"""The options of `workbench serve` that say who may reach it, and the rules that they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.sections import SectionedOption
from workbench.paths import keys_file

if TYPE_CHECKING:
    from workbench.server.access.rules import AccessRules
    from workbench.server.access.tls import Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The options as they were given."""

    api_key: str | None
    no_key: bool
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    tls_cert: Path | None
    tls_key: Path | None

    def rules(self, host: str) -> AccessRules:
        """Raises InvalidRequest where the network would reach the server without a key."""
        from workbench.server.access.key_ring import KeyRing
        from workbench.server.access.keys import KeyFile
        from workbench.server.access.rules import rules_for

        if self.no_key and self.api_key is not None:
            raise click.UsageError("--no-key and --api-key contradict each other.")
        keys = KeyRing(KeyFile(keys_file()), self.api_key)
        return rules_for(host, keys, no_key=self.no_key, hosts=self.hosts, origins=self.origins)

    def tls(self) -> Tls | None:
        """The certificate, where there is one."""
        from workbench.server.access.tls import Tls

        if self.tls_cert is None:
            if self.tls_key is not None:
                raise click.UsageError("--tls-key needs --tls-cert.")
            return None
        return Tls(self.tls_cert, self.tls_key)


def _option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(*names, cls=SectionedOption, section="Access", **attributes)


_FILE = click.Path(path_type=Path)
_OPTIONS = (
    _option("--api-key", envvar="WORKBENCH_API_KEY", show_envvar=True, help="A key beside the named ones."),
    _option("--no-key", is_flag=True, help="Answer everyone who reaches it, although there are keys."),
    _option("--allow-host", "hosts", multiple=True, help="A name that it may be called by; repeatable."),
    _option("--cors-origin", "origins", multiple=True, help="Pages of this origin may call it; repeatable."),
    _option("--tls-cert", type=_FILE, help="Serve https with this certificate, a PEM file with its chain."),
    _option("--tls-key", type=_FILE, help="The certificate's key, where that is in a file of its own."),
)


def access_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command `doors`."""

    @wraps(command)
    def with_doors(**values: Any) -> Any:
        given = {field.name: values.pop(field.name) for field in fields(Doors)}
        return command(doors=Doors(**given), **values)

    for option in reversed(_OPTIONS):
        with_doors = option(with_doors)
    return with_doors
