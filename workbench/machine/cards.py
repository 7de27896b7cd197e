"""Graphics cards that one need not own, by name: memory, multiprocessors and bandwidth from published data.

The table is cards.csv beside this file. Names are read leniently ("rtx4090", "NVIDIA GeForce RTX 4090",
"3060 12GB", "m3 max 64gb"), and a size alone ("24GiB") is a card too. Knows nothing of this machine.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from workbench.errors import InvalidRequest
from workbench.machine.overhead import overhead_bytes
from workbench.memory import VirtualGpu

__all__ = ["CARDS", "card", "metal_share", "overhead_bytes", "shared_memory"]

_GIB = 2**30
_MOST_GIB = 2**20
_SIZE = re.compile(r"(?<![\w.-])(\d{1,9}(?:\.\d{1,3})?)\s*g(?:i?b)?(?!\w)")
_SAYS_NOTHING = {
    "nvidia", "geforce", "tesla", "amd", "radeon", "instinct", "intel", "r", "tm", "apple",
    "graphics", "gpu", "card", "workstation", "server", "edition", "generation", "sxm", "hbm", "e", "with",
}  # fmt: skip
_BEFORE_A_NUMBER = re.compile(r"\b(sxm|hbm)\d+")
_FORM_FACTORS = {"pcie"}


def card(text: str) -> VirtualGpu:
    """The card of that name. Raises InvalidRequest with the nearest names.

    GB means GiB, as makers print it. For a GPU that shares the machine's memory, an Apple chip's for one,
    memory_bytes is what it may use of it; `shared_memory` gives the whole.
    """
    lower = re.sub(r"(?<=\w)-", " ", text.lower())
    size = _size(lower)
    words = _words(_SIZE.sub(" ", lower))
    if not words and size is not None:
        return _of_size(size)
    matching = _matching(words)
    if not matching:
        raise _unknown(text)
    if len({_title(gpu) for gpu in matching}) > 1:
        raise InvalidRequest(
            f"{text[:80]!r} names several cards.", f"Write {_listed(gpu.name for gpu in matching)}."
        )
    return _variant(matching, size)


def shared_memory(gpu: VirtualGpu) -> int | None:
    """The whole memory of a machine whose GPU shares it; None for a card with memory of its own."""
    size = _size(gpu.name.lower()) if gpu.unified else None
    return int(size * _GIB) if size else None


def metal_share(ram_bytes: int) -> int:
    """What Metal lets the GPU use of a machine's memory: two thirds up to 32 GiB, three quarters above.

    As ggml logs it on many machines (recommendedMaxWorkingSetSize: 10922 of 16384 MiB, 48 of 64 GiB). Newer
    versions of macOS allow more.
    """
    return ram_bytes * 2 // 3 if ram_bytes <= 32 * _GIB else ram_bytes * 3 // 4


def _read() -> Iterator[VirtualGpu]:
    text = files("workbench.machine").joinpath("cards.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    names = [row["name"] for row in rows for _ in row["memory"].split("|")]
    for row in rows:
        for size in row["memory"].split("|"):
            told = names.count(row["name"]) > 1 or row["shared"]
            yield _from_row(row, f"{row['name']} {size}GB" if told else row["name"], int(float(size) * _GIB))


def _from_row(row: dict[str, str], name: str, memory: int) -> VirtualGpu:
    share, (major, _, minor) = row["shared"], row["cc"].partition(".")
    if share:
        memory = metal_share(memory) if share == "metal" else int(memory * float(share))
    return VirtualGpu(
        name=name,
        memory_bytes=memory,
        api=row["api"],  # type: ignore[arg-type]
        multiprocessors=int(row["multiprocessors"]),
        compute_capability=(int(major), int(minor)) if major else None,
        bandwidth_bytes_per_second=float(row["bandwidth"]) * 1e9,
        unified=bool(share),
    )


CARDS = tuple(_read())


def _size(lower: str) -> float | None:
    found = _SIZE.search(lower)
    return float(found[1]) if found else None


def _words(text: str) -> frozenset[str]:
    """The name in pieces, letters and digits apart, without what says nothing."""
    return frozenset(_pieces(_BEFORE_A_NUMBER.sub(" ", text.lower()))) - _SAYS_NOTHING


def _pieces(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", text)


def _title(gpu: VirtualGpu) -> str:
    return re.sub(r" [\d.]+GB$", "", gpu.name)


@cache
def _titled() -> tuple[tuple[frozenset[str], VirtualGpu], ...]:
    return tuple((_words(_title(gpu)), gpu) for gpu in CARDS)


def _matching(words: frozenset[str]) -> list[VirtualGpu]:
    """The cards whose titles have these words, a number or all of one among them, and the fewest others."""
    for asked in (words, words - _FORM_FACTORS):
        found = [(title, gpu) for title, gpu in _titled() if asked and asked <= title]
        fewest = min((len(title) for title, _ in found), default=0)
        if fewest == len(asked) or any(word.isdigit() for word in asked):
            nearest = [gpu for title, gpu in found if len(title) == fewest]
            if nearest:
                return nearest
    return []


def _variant(variants: list[VirtualGpu], size: float | None) -> VirtualGpu:
    """The one of that size, printed or without what error correction takes; the first where none is given."""
    if size is None:
        return variants[0]
    for gpu in variants:
        if _gib(gpu) in (size, size * 15 / 16):
            return gpu
    raise InvalidRequest(
        f"There is no {_title(variants[0])} with {size:g} GB.",
        f"It comes with {_listed(f'{_gib(gpu):g} GB' for gpu in variants)}; or give a size alone.",
    )


def _gib(gpu: VirtualGpu) -> float:
    return (shared_memory(gpu) or gpu.memory_bytes) / _GIB


def _of_size(size: float) -> VirtualGpu:
    if not 0 < size <= _MOST_GIB:
        raise InvalidRequest(f"A card with {size:g} GiB cannot be.", "Give it a size such as 24GiB.")
    return VirtualGpu(name=f"{size:g}GiB", memory_bytes=int(size * _GIB))


def _unknown(text: str) -> InvalidRequest:
    message = f"There is no card {text[:80]!r} in the table."
    if re.match(r"\s*\d+\s*[x×*]\s", text):
        return InvalidRequest(message, "Give --gpu once for each card.")
    close = _near(text.lower()[:80])
    near = f"Did you mean {_listed(close)}? " if close else ""
    return InvalidRequest(message, f"{near}Any card can be given by its memory, such as 24GiB.")


def _near(lower: str) -> list[str]:
    """Names with the same number first, since what people get wrong is mostly what stands around it."""
    numbers = {piece for piece in _pieces(lower) if len(piece) > 2 and piece.isdigit()}
    spelled = {" ".join(_pieces(gpu.name.lower())): gpu.name for gpu in CARDS}
    same = [name for name in spelled if numbers & set(name.split())]
    wanted = " ".join(_pieces(lower))
    close = difflib.get_close_matches(wanted, same, n=3, cutoff=0) if same else []
    return [spelled[name] for name in close or difflib.get_close_matches(wanted, spelled, n=3, cutoff=0.5)]


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last
