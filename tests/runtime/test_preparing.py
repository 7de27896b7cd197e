"""What is prepared aside begins once, unless it was forgotten, and whatever goes wrong is told."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from workbench.errors import InvalidRequest
from workbench.runtime import messages
from workbench.runtime.preparing import AT_ONCE, Preparing


def nothing() -> None:
    """Takes no time."""


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_each_begins_when_it_is_ready() -> None:
    begun: queue.SimpleQueue[int] = queue.SimpleQueue()
    preparing = Preparing(lambda message: None)
    for call in range(2 * AT_ONCE):
        preparing.start(call, nothing, lambda made, call=call: begun.put(call))  # type: ignore[misc]
    assert sorted(begun.get(timeout=10) for _ in range(2 * AT_ONCE)) == list(range(2 * AT_ONCE))


def test_what_is_forgotten_meanwhile_never_begins() -> None:
    begun: queue.SimpleQueue[int] = queue.SimpleQueue()
    held = threading.Event()
    preparing = Preparing(lambda message: None)
    for call in range(AT_ONCE):
        preparing.start(call, lambda: held.wait(10) and None, lambda made, call=call: begun.put(call))  # type: ignore[misc]
    preparing.start(AT_ONCE, nothing, lambda made: begun.put(AT_ONCE))
    assert preparing.forget(0) and preparing.forget(AT_ONCE) and not preparing.forget(99)
    held.set()
    assert begun.get(timeout=10) == 1
    preparing.start(98, nothing, lambda made: begun.put(98))
    assert begun.get(timeout=10) == 98 and begun.empty()
    assert not preparing.forget(98), "it has begun"


@pytest.mark.parametrize(
    ("error", "kind"), [(InvalidRequest("wrong"), "invalid_request"), (ValueError("wrong"), "failed")]
)
def test_what_goes_wrong_is_told(error: Exception, kind: str) -> None:
    sent: queue.SimpleQueue[messages.Message] = queue.SimpleQueue()
    Preparing(sent.put).start(7, failing(error), lambda made: pytest.fail("it began"))
    failed = sent.get(timeout=10)
    assert isinstance(failed, messages.Failed)
    assert (failed.id, failed.kind) == (7, kind) and "wrong" in failed.message
