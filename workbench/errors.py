"""The one error type: what went wrong, in a sentence, and what to do about it.

Knows nothing of exit codes, HTTP statuses or screens; the edges map the kinds to those.
"""

from __future__ import annotations

from typing import ClassVar


class WorkbenchError(Exception):
    """A failure that a person can act on.

    Attributes:
        message: One plain sentence that says what went wrong.
        remedy: One sentence that says what to do, or "" where nothing can be done.
        kind: A stable name for programs; one per subclass.
    """

    kind: ClassVar[str] = "failed"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ModelNotFound(WorkbenchError):
    """No model answers to that name or path."""

    kind = "model_not_found"


class InvalidModel(WorkbenchError):
    """The file is there but cannot be loaded: not a model, cut short, or of an unknown kind."""

    kind = "invalid_model"


class DoesNotFit(WorkbenchError):
    """The memory at hand is smaller than what was asked for."""

    kind = "does_not_fit"


class InvalidRequest(WorkbenchError):
    """The request or a setting is wrong in itself; asking again will not help.

    `param` names the part of it that is at fault, where that is known.
    """

    kind = "invalid_request"
    param: str | None = None


class InvalidConstraint(InvalidRequest):
    """What the answer shall look like is wrong, or more than can be enforced."""

    kind = "invalid_constraint"


class ContextExceeded(InvalidRequest):
    """The prompt is longer than the context that one request gets."""

    kind = "context_length_exceeded"


class Unsupported(InvalidRequest):
    """This engine or this model cannot do what was asked; the message says why."""

    kind = "unsupported"


class EngineUnavailable(WorkbenchError):
    """The engine cannot run on this machine as it is; the remedy says what to install."""

    kind = "engine_unavailable"


class EngineDied(WorkbenchError):
    """The engine's process ended while this request was in flight."""

    kind = "engine_died"


class LoadCancelled(WorkbenchError):
    """Loading was stopped because the caller asked for it."""

    kind = "load_cancelled"


class Unreachable(WorkbenchError):
    """A server could not be reached, or failed again and again; trying later may help.

    It is `passing` where something answered and failed: behind one address there may be several servers, and
    the next request may come to another.
    """

    kind = "unreachable"
    passing: bool = False


class AccessDenied(WorkbenchError):
    """The server wants a token, or this token may not read it."""

    kind = "access_denied"


class CorruptDownload(WorkbenchError):
    """What arrived is not what was published; nothing of it was kept."""

    kind = "corrupt_download"


class NoSpace(WorkbenchError):
    """The disk has no room for it, or must not be written to."""

    kind = "no_space"


class TransferCancelled(WorkbenchError):
    """A transfer was stopped because the caller asked for it; what has arrived is kept."""

    kind = "transfer_cancelled"


def _kinds(error: type[WorkbenchError]) -> dict[str, type[WorkbenchError]]:
    found = {error.kind: error}
    for child in error.__subclasses__():
        found |= _kinds(child)
    return found


def error_of_kind(kind: str, message: str, remedy: str, param: str | None = None) -> WorkbenchError:
    """Rebuild an error that crossed a process or network border; an unknown kind becomes the base type."""
    error = _kinds(WorkbenchError).get(kind, WorkbenchError)(message, remedy)
    if isinstance(error, InvalidRequest):
        error.param = param
    return error
