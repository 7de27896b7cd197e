"""The bundled model and its endpoint, once for each module that says how it is to be loaded."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest
import pytest_asyncio

import workbench_guide
from tests.server.loopback import client_of
from workbench.backend import Provider
from workbench.runtime import open_model


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Loaded with the module's SETTINGS."""
    opened = await open_model(str(workbench_guide.PATH), request.module.SETTINGS)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(model: Provider) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own, of an endpoint that serves the model."""
    async with client_of(model) as opened:
        yield opened
