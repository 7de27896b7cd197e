"""A hub and a queue that say the same on every day, for pictures. Nothing in them is real."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from workbench.errors import Unreachable
from workbench.models.hub.card import Card
from workbench.models.hub.repository import HubFile, Repository
from workbench.models.hub.search import SearchPage, SearchResult
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.pulling import Pulled, PullRequest
from workbench.models.transfer.queue import Download
from workbench.tui.surroundings import Hub

MODEL = "example/Atlas-8B-Instruct-GGUF"
RESULTS = (
    ("example/Atlas-8B-Instruct-GGUF", 8_030_000_000, 1_240_000, 3_410, "apache-2.0", False),
    ("example/Lantern-70B-GGUF", 70_600_000_000, 812_000, 2_950, "lantern-community", True),
    ("someone/Pebble-1.5B-Instruct-imatrix-GGUF", 1_540_000_000, 95_300, 212, "mit", False),
    ("someone/Orchard-30B-A3B-Instruct-2611-UD-GGUF", 30_500_000_000, 88_100, 640, "apache-2.0", False),
    ("a-research-group/harbour-vision-12b-it-qat-q4_0-gguf", 12_200_000_000, 41_700, 77, "harbour", True),
    ("example/Atlas-8B-Base-GGUF", 8_030_000_000, 9_900, 54, "apache-2.0", False),
    ("someone/quill-code-3b-GGUF", 3_090_000_000, 870, 9, "bigcode-openrail-m", False),
)
QUANTS = (
    ("IQ2_M", 2_950_000_000),
    ("Q3_K_M", 4_020_000_000),
    ("Q4_K_M", 4_920_000_000),
    ("Q5_K_M", 5_730_000_000),
    ("Q6_K", 6_600_000_000),
    ("Q8_0", 8_540_000_000),
)
CARD = """# Atlas 8B Instruct

Quantizations of [Atlas 8B](https://example.com/atlas), made with an importance matrix.
It follows instructions in **nine languages** and calls tools.

## Which one?

| quant | size | for whom |
|---|---|---|
| Q4_K_M | 4.6 GiB | most people |
| Q6_K | 6.1 GiB | who has the memory |

```text
<|user|>{prompt}<|end|>
<|assistant|>
```

1. Start with `Q4_K_M`.
2. Take a smaller one if it does not fit.
"""


def hub() -> Hub:
    return Hub(search=_search, repository=_repository, card=_card)


def broken_hub() -> Hub:
    return replace(hub(), search=_refuse, repository=_refuse)


def _search(query: str, **_: object) -> SearchPage:
    found = [row for row in RESULTS if all(word in row[0].lower() for word in query.lower().split())]
    return SearchPage(
        tuple(
            SearchResult(
                id=id,
                parameters=parameters,
                downloads=downloads,
                likes=likes,
                licence=licence,
                gated=gated,
                updated=f"2026-02-{28 - likes % 28:02}",
                architecture="atlas",
            )
            for id, parameters, downloads, likes, licence, gated in found
        )
    )


def _file(path: str, size: int) -> HubFile:
    return HubFile(path, size, hashlib.sha256(path.encode()).hexdigest())


def _repository(id: str) -> Repository:
    files = [_file(f"Atlas-8B-Instruct-{quant}.gguf", size) for quant, size in QUANTS]
    files += [_file(f"Atlas-8B-Instruct-BF16-0000{part}-of-00002.gguf", 8_030_000_000) for part in (1, 2)]
    files += [_file("Atlas-8B-Instruct-F32-00001-of-00002.gguf", 16_060_000_000)]
    files += [_file("mmproj-Atlas-8B-Instruct-F16.gguf", 870_000_000)]
    return Repository(
        id=id,
        revision="main",
        commit="0" * 40,
        files=tuple(files),
        gated=True,
        licence="apache-2.0",
        parameters=8_030_000_000,
        architecture="atlas",
        context_length=131_072,
        downloads=1_240_000,
        likes=3_410,
        updated="2026-02-06",
        base_models=("example/Atlas-8B-Instruct",),
    )


def _card(repository: Repository) -> Card:
    return Card(markdown=CARD)


def _refuse(*_: object, **__: object) -> SearchPage:
    raise Unreachable(
        "The name of huggingface.co cannot be looked up.",
        "Check the network and the proxy settings, or name a mirror in HF_ENDPOINT.",
    )


class Queue:
    """Stands still."""

    def __init__(self, *downloads: Download) -> None:
        self._downloads = list(downloads)

    def downloads(self) -> list[Download]:
        return self._downloads

    def close(self) -> None:
        pass


def queue() -> Queue:
    """One download in each state."""
    moving = Progress(
        phase="fetching",
        done_bytes=2_110_000_000,
        total_bytes=4_920_000_000,
        bytes_per_second=11_400_000,
        seconds_left=246.0,
        connections=4,
    )
    running = Download(id=1, request=_request("Q4_K_M"), state="running", progress=moving)
    broken = replace(moving, trouble="cdn.example.com reset the connection; trying again in 4 s")
    pulled = Pulled(name=MODEL, paths=(), size_bytes=5_730_000_000, checked_against="hub")
    return Queue(
        running,
        Download(id=2, request=_request("Q8_0"), state="waiting"),
        Download(id=3, request=_request("Q6_K"), state="running", progress=broken),
        Download(id=4, request=_request("Q3_K_M"), state="paused", progress=moving),
        Download(
            id=5,
            request=PullRequest(name="example/Lantern-70B-GGUF:Q4_K_M"),
            state="failed",
            error=Unreachable("cdn.example.com is silent.", "Try again later; what has arrived is kept."),
        ),
        Download(id=6, request=_request("Q5_K_M"), state="done", pulled=pulled),
    )


def _request(quant: str) -> PullRequest:
    return PullRequest(name=f"{MODEL}:{quant}")
