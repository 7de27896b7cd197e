"""Models that are split over files, `name-00001-of-00003.gguf` and so on, and one Header for all of them.

The names are llama.cpp's (`llama_split_path`), as is the metadata that each shard carries. Knows nothing of
where shards come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.gguf.faults import damaged, quoted
from workbench.gguf.header import Header
from workbench.gguf.tensor_info import TensorInfo

_NAME = re.compile(r"(?s)(.*[^/\\])-([0-9]{5})-of-([0-9]{5})\.gguf")


@dataclass(frozen=True, slots=True)
class Shard:
    """What a shard's name says. `stem` includes its folder; `number` counts from 1 to `count`."""

    stem: str
    number: int
    count: int

    @property
    def name(self) -> str:
        return f"{self.stem}-{self.number:05}-of-{self.count:05}.gguf"

    def sibling(self, number: int) -> Shard:
        return replace(self, number=number)


@dataclass(frozen=True, slots=True)
class ShardSet:
    """The shards of one model that are there, in order."""

    stem: str
    count: int
    present: tuple[Shard, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(shard.name for shard in self.present)

    @property
    def complete(self) -> bool:
        return len(self.present) == self.count

    @property
    def missing(self) -> Iterator[Shard]:
        """The others, in order: up to 99,998, since a name may claim so many."""
        every = (Shard(self.stem, number, self.count) for number in range(1, self.count + 1))
        present = set(self.present)
        return (shard for shard in every if shard not in present)


def shard_of(name: str) -> Shard | None:
    """The shard that a file of this name is, or None. The name may begin with folders."""
    if not (match := _NAME.fullmatch(name)):
        return None
    shard = Shard(match[1], int(match[2]), int(match[3]))
    return shard if 1 <= shard.number <= shard.count else None


def shard_sets(names: Iterable[str]) -> tuple[ShardSet, ...]:
    """The models that the shards among the names make up, in the order met. Other names are left out."""
    found: dict[tuple[str, int], dict[int, Shard]] = {}
    for name in names:
        if shard := shard_of(name):
            found.setdefault((shard.stem, shard.count), {})[shard.number] = shard
    return tuple(
        ShardSet(stem, count, tuple(shards[number] for number in sorted(shards)))
        for (stem, count), shards in found.items()
    )


def joined(headers: Sequence[Header]) -> Header:
    """One Header for a model from those of all its shards, in order. Raises InvalidModel if they disagree."""
    for index, header in enumerate(headers):
        _check_number(header, "split.no", index)
        _check_number(header, "split.count", len(headers))
        if header.byte_order != headers[0].byte_order:
            raise damaged(header.source_name, f"is {header.byte_order}-endian, unlike the first shard")
    tensors = _joined_tensors(headers)
    for header in headers:
        if "split.tensors.count" in header.metadata:
            _check_number(header, "split.tensors.count", len(tensors))
    return replace(headers[0], tensors=tensors, files=tuple(header.files[0] for header in headers))


def _check_number(header: Header, key: str, expected: int) -> None:
    found = header.number(key)
    if found is None:
        raise damaged(header.source_name, f"has no {key}, which each shard of a model has")
    if found != expected:
        raise damaged(
            header.source_name, f"has a {key} of {found}, where its place among the shards says {expected}"
        )


def _joined_tensors(headers: Sequence[Header]) -> tuple[TensorInfo, ...]:
    tensors: dict[str, TensorInfo] = {}
    for index, header in enumerate(headers):
        for tensor in header.tensors:
            if first := tensors.get(tensor.name):
                where = headers[first.file].source_name
                raise damaged(
                    header.source_name, f"has the tensor {quoted(tensor.name)}, which {where} has too"
                )
            tensors[tensor.name] = replace(tensor, file=index)
    return tuple(tensors.values())
