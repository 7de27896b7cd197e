"""The contract as tests for whoever writes a backend; backends/a-backend-of-your-own.md shows how.

Needs pytest and pytest-asyncio, which the workbench itself does not.
"""

import pytest

_PARTS = ("backend", "engine", "provider", "constraints", "vocabulary")

pytest.register_assert_rewrite(f"{__name__}.answers", *(f"{__name__}.{part}_contract" for part in _PARTS))
