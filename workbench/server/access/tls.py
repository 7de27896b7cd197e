"""The files of a server's certificate. Knows nothing of who is served with them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate with its chain, and its private key where that is in a file of its own; both PEM."""

    certificate: Path
    key: Path | None = None

    def check(self) -> None:
        """Raise InvalidRequest for files that cannot be used, before anybody is served with them."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, lambda: "")
        except OSError as error:  # which SSLError is
            reason = error.strerror or str(error)
            raise InvalidRequest(
                f"The certificate in {self.certificate} cannot be used: {reason}.",
                "Give a PEM file with --tls-cert, and its key without a password with --tls-key.",
            ) from error
