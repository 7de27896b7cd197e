"""MLC's engine within this process, spoken to as if it were a server.

Its own functions take what its routes take, and give the same objects. Importing this imports the engine.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import mlc_llm
from mlc_llm.serve.config import EngineConfig

from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, InvalidModel, WorkbenchError
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.endpoints import Endpoints
from workbench_mlc.config import MlcModel
from workbench_mlc.facts import facts
from workbench_mlc.provider import MlcProvider

_NOWHERE = "in-process"


def open_engine(folder: str, settings: EngineSettings, model: MlcModel) -> MlcProvider:
    """Raises InvalidModel."""
    context = settings.context_length or model.context_length
    chosen: dict[str, Any] = {
        "max_num_sequence": settings.parallel,
        "max_total_sequence_length": context * settings.parallel,
    }
    if settings.context_length is not None:
        chosen["max_single_sequence_length"] = context
    if not settings.leaves_open("micro_batch"):
        chosen["prefill_chunk_size"] = settings.micro_batch
    device = settings.devices[0] if settings.devices else "auto"
    try:
        engine = mlc_llm.AsyncMLCEngine(folder, device, mode="server", engine_config=EngineConfig(**chosen))
    except Exception as error:  # the engine raises whatever its parts do
        raise InvalidModel(
            f"MLC cannot load {folder}: {error}.", "Look whether it is whole, and whether it fits."
        ) from error
    endpoint = EngineEndpoint(engine, folder)
    provider = MlcProvider(Endpoints([endpoint]), facts(model, settings), None)
    provider.know(endpoint)
    return provider


class EngineEndpoint(Endpoint):
    """Owns the engine."""

    def __init__(self, engine: Any, model: str) -> None:
        super().__init__(f"http://{_NOWHERE}/v1", model, key="")
        self._engine = engine

    @asynccontextmanager
    async def stream(self, url: str, body: object) -> AsyncIterator[AsyncIterator[bytes]]:
        """Leaving it ends the answer. Raises Refused."""
        assert isinstance(body, dict)
        ask = self._engine.completions if url.endswith("/v1/completions") else self._engine.chat.completions
        try:
            answer = await ask.create(**body)
            async with aclosing(answer):
                first = await anext(answer)
                yield _data(first, answer)
        except ValueError as error:  # its refusals are, and those of pydantic
            refusal = json.dumps({"object": "error", "message": str(error)}).encode()
            raise self.place.refusal(400, refusal) from None
        except StopAsyncIteration:
            raise self.place.silenced() from None
        except WorkbenchError:
            raise
        except RuntimeError as error:
            raise EngineDied(f"MLC's engine failed: {error}.", "Load the model again.") from error

    async def get(self, url: str, seconds: float = 0.0) -> Any:
        raise self.place.refusal(404, b'{"detail": "Not Found"}')

    async def post(self, url: str, body: object, seconds: float = 0.0) -> Any:
        raise self.place.refusal(404, b'{"detail": "Not Found"}')

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.terminate()


async def _data(first: Any, others: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    yield first.model_dump_json(by_alias=True).encode()
    async for chunk in others:
        yield chunk.model_dump_json(by_alias=True).encode()
