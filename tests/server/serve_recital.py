"""A process that serves the double and prints its address; run by the tests of signals."""

from __future__ import annotations

import asyncio

from tests.server.recital import Recital
from workbench.server import ModelPool, serve


async def main() -> None:
    model = Recital(hold_at=1)
    await serve(ModelPool({"guide": model}), port=0, ready=lambda url: print(url, flush=True))
    print("closed" if model.closed else "open", model.running, flush=True)


asyncio.run(main())
