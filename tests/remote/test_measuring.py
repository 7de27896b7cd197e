"""The benchmark on a server elsewhere that does not tell what its tokens are."""

from __future__ import annotations

from dataclasses import replace

from tests.server.loopback import serving
from tests.server.recital import Recital
from workbench.benchmark import Workload, measure
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app


async def test_it_is_asked_with_text_and_timed_here_by_its_own_count() -> None:
    model = Recital()
    async with serving(create_app(ModelPool({"guide": model}))) as url:
        provider = await open_model(f"{url}/v1#guide", EngineSettings(), backend="remote")
        provider.facts = replace(provider.facts, vocabulary_size=0)
        read, written = await measure(provider, Workload(prompt=32, generate=8, repetitions=2))
        await provider.close()
    assert (read.method, written.method) == ("text", "text")
    assert len(read.waits) == 2 and min(read.waits) > 0
    assert 0.25 not in read.waits, "not what the server says of its own time"
    assert read.tokens_per_second > 0 and written.tokens_per_second > 0
    assert {asked.max_tokens for asked in model.received} == {1, 9}
