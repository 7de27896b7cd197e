"""The hub as a fixture: `from tests.hub.plugin import hub` in the conftest.py of a folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.hub import FakeHub


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as running:
        yield running
