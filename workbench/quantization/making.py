"""Orders one after the other: planned, checked, written beside their place, and moved there whole.

llama.cpp reads the source anew for each type; after the first it lies in the system's cache, where it fits.
The source is hashed while the first file is written, and the hashes are put into the files at the end.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InvalidModel
from workbench.gguf import read_header, read_model
from workbench.models import LocalModel
from workbench.models.provenance import metadata
from workbench.models.transfer.progress import Meter, Progress
from workbench.ports import Quantizer
from workbench.quantization.checking import check_importance, check_plan, check_targets
from workbench.quantization.orders import Order, final_paths
from workbench.quantization.recipe import provenance
from workbench.quantization.source_hash import SourceHash
from workbench.quantization.unfinished import finish, in_the_making
from workbench.quantize_request import QuantizePlan

if TYPE_CHECKING:
    from workbench.imatrix import ImportanceMatrix

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A file, or shards, that are in their place."""

    order: Order
    plan: QuantizePlan
    paths: tuple[Path, ...]
    seconds: float


class Making:
    """What is to be made of one model, from the plans to the files."""

    def __init__(self, quantizer: Quantizer, model: LocalModel, orders: Sequence[Order], engine: str) -> None:
        """`engine` is its name and version; "" writes nothing about where the files come from."""
        self._quantizer, self._model, self._engine = quantizer, model, engine
        self._header = read_model(model.place.path)
        self._sources = [Path(file.path) for file in model.place.files]
        self._matrix = _matrix(orders)
        self._tokens = [secrets.token_hex(32) for _ in self._sources]
        self.orders = [self._told(order) for order in orders]

    def plans(self) -> list[QuantizePlan]:
        """What would come of each order. Raises InvalidModel, InvalidRequest or EngineDied."""
        return [self._quantizer.plan(order.request) for order in self.orders]

    def check(self, plans: Sequence[QuantizePlan], *, force: bool) -> list[str]:
        """Sentences about what is done otherwise than one might think. Raises for what cannot be done."""
        notes: dict[str, None] = {}
        for order, plan in zip(self.orders, plans, strict=True):
            check_plan(order.request, plan)
            notes |= dict.fromkeys(f"{order.request.type}: {note}" for note in plan.notes)
            if self._matrix:
                notes |= dict.fromkeys(check_importance(self._matrix, plan))
        check_targets(self.orders, plans, self._sources, force=force)
        return list(notes)

    def make(self, plans: Sequence[QuantizePlan], report: Report) -> Iterator[Made]:
        """Each when it is there. What `report` raises ends it, and nothing half stays."""
        meter = Meter(self._header.weights_bytes * len(self.orders), report)
        with self._hashed() as hashes:
            for order, plan in zip(self.orders, plans, strict=True):
                began = time.monotonic()
                paths = self._one(order, plan, meter, hashes)
                meter.finished(self._header.weights_bytes)
                meter.fetched(self._header.weights_bytes)
                yield Made(order, plan, paths, time.monotonic() - began)

    def _told(self, order: Order) -> Order:
        """The order with what its file will say of itself; where hashes will stand there are tokens."""
        if not self._engine:
            return order
        told = provenance(order.request, self._matrix, tuple(self._tokens), self._engine)
        return replace(order, request=replace(order.request, metadata=metadata(told, self._header)))

    @contextmanager
    def _hashed(self) -> Iterator[SourceHash]:
        hashes = SourceHash(self._model.place.files)
        if self._engine:
            hashes.start()
        try:
            yield hashes
        finally:
            hashes.stop()

    def _one(self, order: Order, plan: QuantizePlan, meter: Meter, hashes: SourceHash) -> tuple[Path, ...]:
        def progress(done: int) -> None:
            left = self._header.weights_bytes - done
            meter.tell("making", order.target.name, done, fetched_bytes=done, missing_bytes=left + 1)

        with in_the_making(order.target) as unfinished:
            written = self._quantizer.quantize(order.request, unfinished, progress)
            _check_sizes(written, plan)
            if self._engine:
                _replace(written[0], dict(zip(self._tokens, hashes.result(), strict=True)))
            finish(dict(zip(written, final_paths(order, plan), strict=True)))
        return final_paths(order, plan)


def _matrix(orders: Sequence[Order]) -> ImportanceMatrix | None:
    if not (path := orders[0].request.importance):
        return None
    from workbench.imatrix import read_imatrix

    return read_imatrix(path)


def _check_sizes(written: Sequence[Path], plan: QuantizePlan) -> None:
    sizes = tuple(path.stat().st_size for path in written)
    if sizes != plan.file_sizes:
        raise InvalidModel(
            f"What was written is {sum(sizes):,} bytes long and should be {plan.size_bytes:,}.",
            "Nothing of it was kept; look at the disk and try again.",
        )


def _replace(file: Path, texts: dict[str, str]) -> None:
    """Put each text in the place of another as long, which stands in the file's metadata once."""
    with open(file, "r+b") as stream:
        metadata_bytes = stream.read(read_header(file).data_offset)
        for former, text in texts.items():
            assert len(former) == len(text)
            stream.seek(metadata_bytes.index(former.encode()))
            stream.write(text.encode())
