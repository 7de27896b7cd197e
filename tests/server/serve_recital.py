"""A process that serves the double and prints its address; run by the tests of signals and kills."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.server.recital import Recital
from workbench.server import ModelPool, serve


async def main() -> None:
    model = Recital(hold_at=1)
    folder = Path(sys.argv[1]) if sys.argv[1:] else None
    pool = ModelPool({"guide": model})
    await serve(pool, port=0, data_folder=folder, ready=lambda url: print(url, flush=True))
    print("closed" if model.closed else "open", model.running, flush=True)


asyncio.run(main())
