"""Errors of a server that has more to do than it takes on. Knows nothing of HTTP but the seconds to wait."""

from __future__ import annotations

from workbench.errors import WorkbenchError


class Overloaded(WorkbenchError):
    """More requests wait than the server holds; trying again in `retry_after` seconds may help."""

    kind = "overloaded"

    def __init__(
        self, message: str, remedy: str = "Send the request again in a moment.", retry_after: int = 1
    ) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after
