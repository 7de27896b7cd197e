"""Ends another program's process when its owner is gone, however the owner ended. Knows none by name."""

from __future__ import annotations

import subprocess

_END = 'read _; kill -9 "{}$0" 2>/dev/null'


def watch(process: int, *, group: bool = False) -> subprocess.Popen[bytes]:
    """A small process that waits for the end of this one, then ends `process`, or the group it leads."""
    script = _END.format("-" if group else "")
    return subprocess.Popen(["sh", "-c", script, str(process)], stdin=subprocess.PIPE, start_new_session=True)


def dismiss(watcher: subprocess.Popen[bytes]) -> None:
    """End the watcher; what it watched goes on."""
    watcher.kill()
    watcher.wait()
    assert watcher.stdin is not None
    watcher.stdin.close()
