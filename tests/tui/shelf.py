"""What the hub holds in the app's tests: a model in several quants, and enough others for two pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.core.gguf_bytes import small_file
from tests.hub import FakeHub
from tests.tui.driving import AppPilot, until
from tests.tui.stage import Stage
from workbench.models.hub import client
from workbench.tui.app import WorkbenchApp
from workbench.tui.surroundings import Hub
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.variant_table import VariantTable

MODEL = "acme/tiny-GGUF"
Q4, Q8 = f"{MODEL}:Q4_K_M", f"{MODEL}:Q8_0"
SIZE = 6_000_000
OTHERS = 30
CARD = b"""---
license: apache-2.0
---
# Tiny

A model that *says* little. [bold]Not markup[/bold], [a page](https://example.com/tiny), [a file](tiny.gguf).

| quant | size |
|---|---|
| Q4_K_M | 6 MB |

```python
print("tiny")
```
"""


def model_bytes(size: int = SIZE) -> bytes:
    """A GGUF that can be described, and then noise."""
    file = small_file()
    file.data += Random(size).randbytes(size)
    return bytes(file)


@pytest.fixture
def hub(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """The hub of this process, which has no token, and of the app."""
    stage.hub = Hub()
    with FakeHub() as running:
        fill(running)
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("NO_PROXY", "*")
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(client, "_refused_tokens", set())
        client.prepare()
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        yield running


def fill(hub: FakeHub) -> None:
    whole = model_bytes()
    files = {
        "tiny-Q4_K_M.gguf": whole,
        "tiny-Q8_0-00001-of-00002.gguf": model_bytes(400_000),
        "tiny-Q8_0-00002-of-00002.gguf": model_bytes(300_000),
        "tiny-BF16-00001-of-00002.gguf": model_bytes(1000),
        "mmproj-F16.gguf": model_bytes(2000),
        "README.md": CARD,
    }
    gguf = {"total": 10_000_000, "architecture": "llama", "context_length": 4096}
    hub.add_repository(
        MODEL, files, gguf=gguf, tags=["gguf"], downloads=2_500_000, likes=40, licence="apache-2.0"
    )
    for number in range(OTHERS):
        hub.add_repository(
            f"others/model-{number:02}-GGUF",
            {"model-Q8_0.gguf": model_bytes(1000)},
            gguf={"total": (number + 1) * 1_000_000_000},
            tags=["gguf"],
            downloads=1000 - number,
            likes=100 + number,
            licence="mit",
            gated="manual" if number == 0 else False,
        )


async def on_the_hub(app: WorkbenchApp, pilot: AppPilot) -> ChoiceList[object]:
    """Go to the hub and wait for the first results."""
    await pilot.press("f5")
    await until(pilot, lambda: app.current_mode == "hub" and app.screen.query(ChoiceList))
    results = app.screen.query_one(ChoiceList)
    await until(pilot, lambda: results.option_count)
    return results


async def in_the_repository(app: WorkbenchApp, pilot: AppPilot, name: str = MODEL) -> VariantTable:
    """Find a repository by its name, open it and wait for its table."""
    results = await on_the_hub(app, pilot)
    await pilot.press(*name.partition("/")[2])
    await until(pilot, lambda: results.option_count == 1 and results.marked.title == name)
    await pilot.press("enter")
    await until(pilot, lambda: app.screen.query(VariantTable) and app.screen.query("OptionList"))
    table = app.screen.query_one(VariantTable)
    await until(pilot, lambda: table.query_one("OptionList").option_count)
    return table
