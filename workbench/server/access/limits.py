"""How much one request may be, and how many there may be at once. Plain values, and the error of too many."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server takes on.

    Attributes:
        body_bytes: The largest body.
        body_seconds: How long a client may take to send one; its pieces may pause for `pause_seconds`.
        header_bytes: All headers of a request together.
        nesting: How deep objects and arrays of a JSON body may lie in each other.
        requests: Requests that are answered or wait for an answer at once; reading GETs are not counted.
    """

    body_bytes: int = 32 * 1024 * 1024
    body_seconds: float = 300.0
    pause_seconds: float = 30.0
    header_bytes: int = 32 * 1024
    nesting: int = 128
    requests: int = 1024


class Overloaded(WorkbenchError):
    """More requests wait than the server holds; trying again in `retry_after` seconds may help."""

    kind = "overloaded"
    retry_after = 1

    def __init__(self, message: str, remedy: str = "Send the request again in a moment.") -> None:
        super().__init__(message, remedy)
