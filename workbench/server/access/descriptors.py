"""How many connections a process may have open, which systems keep low unless a program asks for more."""

from __future__ import annotations

import sys
from contextlib import suppress

_WANTED = 16_384


def allow_many() -> None:
    """Ask for as many as are wanted, up to what the system lets this process have."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # it stays as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
