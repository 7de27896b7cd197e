"""Errors that name the request parameter at fault. Knows nothing of how an error is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import InvalidRequest, Unsupported


class InvalidParameter(InvalidRequest):
    """A parameter is missing, of the wrong type or out of range; `param` is None for the body as a whole."""

    kind = "invalid_parameter"

    def __init__(self, message: str, remedy: str = "", param: str | None = None) -> None:
        super().__init__(message, remedy)
        self.param = param


class UnsupportedParameter(Unsupported):
    """A parameter asks for something that this program does not do."""

    kind = "unsupported_parameter"

    def __init__(self, message: str, remedy: str = "", param: str | None = None) -> None:
        super().__init__(message, remedy)
        self.param = param


class NotFound(InvalidRequest):
    """Nothing is kept under the id that the address names."""

    kind = "not_found"


@contextmanager
def blamed_on(param: str) -> Iterator[None]:
    """What is wrong with a request, found out within this, is the fault of that parameter."""
    try:
        yield
    except InvalidRequest as error:
        error.param = error.param or param
        raise
