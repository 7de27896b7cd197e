"""Work that some requests need before the engine takes them in, done aside so that no other request waits.

Knows nothing of what the work is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from workbench.errors import WorkbenchError
from workbench.runtime.engine_loop import Send, failure

AT_ONCE = 2
Made = TypeVar("Made")


class Preparing:
    """The calls that are being prepared, by id. Each begins when it is ready, unless it was forgotten."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._calls: set[int] = set()
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(AT_ONCE, "preparing")

    def start(self, call: int, prepare: Callable[[], Made], begin: Callable[[Made], None]) -> None:
        """`begin` is given what `prepare` returns."""
        with self._lock:
            self._calls.add(call)
        self._executor.submit(self._prepare, call, prepare, begin)

    def forget(self, call: int) -> bool:
        """True when the call was still being prepared: then it neither begins nor fails."""
        with self._lock:
            wanted = call in self._calls
            self._calls.discard(call)
        return wanted

    def _prepare(self, call: int, prepare: Callable[[], Made], begin: Callable[[Made], None]) -> None:
        if call not in self._calls:
            return
        try:
            made = prepare()
        except Exception as error:  # of whatever kind, it ends this call and no other
            if self.forget(call):
                self._send(failure(call, _told(error)))
            return
        with self._lock:  # nobody forgets a call between the look and its beginning
            if call in self._calls:
                self._calls.discard(call)
                begin(made)


def _told(error: Exception) -> WorkbenchError:
    if isinstance(error, WorkbenchError):
        return error
    return WorkbenchError(f"The request could not be prepared: {error!r}.", "Ask for a simpler form.")
