"""Which processes hold memory on AMD's and Intel's cards, by what the kernel tells of their open files.

Other users' processes stay hidden unless one is root. Knows no card but by its place on the bus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_REGION = re.compile(r"drm-(resident|memory)-((?:vram|local)\d*):\s*(\d+)\s*(KiB|MiB)?")
_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20}


def drm_processes(root: Path = Path("/")) -> dict[str, list[tuple[int, int]]]:
    """Pids and bytes by the card's place, such as "0000:03:00.0"; the largest first."""
    if not (root / "sys" / "class" / "drm").is_dir():
        return {}
    seen: set[tuple[str, str]] = set()
    held: dict[str, dict[int, int]] = {}
    for pid, facts in _clients(root / "proc"):
        client = (facts.get("drm-pdev", ""), facts.get("drm-client-id", ""))
        if client not in seen:
            seen.add(client)
            card = held.setdefault(client[0], {})
            card[pid] = card.get(pid, 0) + int(facts["bytes"])
    return {
        card: sorted(users.items(), key=lambda user: -user[1])
        for card, users in held.items()
        if any(users.values())
    }


def _clients(processes: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Every open file of a graphics card, with what the kernel says of it."""
    for folder in processes.glob("[0-9]*"):
        try:
            opened = [link.name for link in (folder / "fd").iterdir() if _is_card(link)]
            texts = [(folder / "fdinfo" / name).read_text(errors="replace") for name in opened]
        except OSError:
            continue
        for text in texts:
            facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            facts = {name.strip(): value.strip() for name, value in facts.items()}
            yield int(folder.name), {**facts, "bytes": str(_bytes(text))}


def _is_card(link: Path) -> bool:
    return link.is_symlink() and str(link.readlink()).startswith("/dev/dri/")


def _bytes(text: str) -> int:
    """Of each region what is resident, or where that is not told, what is allocated."""
    regions: dict[str, dict[str, int]] = {}
    for kind, region, amount, unit in _REGION.findall(text):
        regions.setdefault(region, {})[kind] = int(amount) * _UNITS[unit]
    return sum(kinds.get("resident", kinds.get("memory", 0)) for kinds in regions.values())
