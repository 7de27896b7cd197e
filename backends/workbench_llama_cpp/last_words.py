"""How a process ended, and what it said last: llama.cpp writes there which assertion failed."""

from __future__ import annotations

import re
import subprocess
from typing import IO

_MOST_BYTES = 4096
_SOURCE_FOLDER = re.compile(r"/\S+/(?=[^/\s]+:\d+:)")


def how_it_ended(process: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    """Such as "signal 6: ggml.c:12: GGML_ASSERT(n > 0) failed"; waits for the end. `errors` is its stderr."""
    code = process.wait()
    errors.seek(0)
    said = errors.read()[-_MOST_BYTES:].decode(errors="replace").strip().splitlines()
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"{how}: {_SOURCE_FOLDER.sub('', said[-1].strip())}" if said else how
