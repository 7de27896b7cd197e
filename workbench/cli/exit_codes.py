"""What the process says when it ends: one number for each kind of outcome, part of the interface.

Knows the names of error kinds, not how errors are shown.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """0 is success; 128 and more follow the shell's habit for signals."""

    OK = 0
    FAILED = 1
    USAGE = 2
    MODEL_NOT_FOUND = 3
    INVALID_MODEL = 4
    DOES_NOT_FIT = 5
    ENGINE_UNAVAILABLE = 6
    ENGINE_DIED = 7
    UNREACHABLE = 8
    ACCESS_DENIED = 9
    CORRUPT_DOWNLOAD = 10
    NO_SPACE = 11
    CANCELLED = 130
    BROKEN_PIPE = 141


BY_KIND = {
    "failed": ExitCode.FAILED,
    "model_not_found": ExitCode.MODEL_NOT_FOUND,
    "invalid_model": ExitCode.INVALID_MODEL,
    "does_not_fit": ExitCode.DOES_NOT_FIT,
    "invalid_request": ExitCode.USAGE,
    "invalid_constraint": ExitCode.USAGE,
    "context_length_exceeded": ExitCode.USAGE,
    "unsupported": ExitCode.USAGE,
    "engine_unavailable": ExitCode.ENGINE_UNAVAILABLE,
    "engine_died": ExitCode.ENGINE_DIED,
    "load_cancelled": ExitCode.CANCELLED,
    "unreachable": ExitCode.UNREACHABLE,
    "access_denied": ExitCode.ACCESS_DENIED,
    "corrupt_download": ExitCode.CORRUPT_DOWNLOAD,
    "no_space": ExitCode.NO_SPACE,
    "transfer_cancelled": ExitCode.CANCELLED,
}
"""Exit codes by `WorkbenchError.kind`."""
