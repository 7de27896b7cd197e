"""Times the kinds of work of a graph while llama.cpp computes it.

llama.cpp computes up to each node that somebody wants to see, and then shows it. Wanting the last node of
each run of one kind tells what the run took, at the price of stopping there; what the stops cost is found by
computing the same once more with the fewest of them. Knows no model.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from workbench.engine_profile import Part
from workbench_llama_cpp.estimating.virtual.structures import Tensor
from workbench_llama_cpp.profiling.work import Amount, Sort, amount, costs_nothing, sort_of

Node = tuple[Sort, Amount]
Run = tuple[Sort, float]


class Watch:
    """`callback` is for llama.cpp. What is computed within `on` is watched, each time the same graph."""

    def __init__(self) -> None:
        self._on = False
        self._ends: set[int] | None = None
        self._nodes: list[Node] = []
        self._seconds: list[float] = []
        self._at = 0
        self._started = 0.0

    @contextmanager
    def on(self) -> Iterator[None]:
        self._on, self._at, self._seconds = True, 0, []
        try:
            yield
        finally:
            self._on = False

    def callback(self, address: int, asks: bool, user_data: object) -> bool:
        """Whether this node is the last of its run; then, once it is computed, to go on."""
        if asks:
            return self._asked(address)
        self._seconds.append(time.perf_counter() - self._started)
        return True

    def parts(self, compute: Callable[[], None], passes: int) -> tuple[Part, ...]:
        """The work of a pass that `compute` computes, so many times and a few more."""
        self._ends, self._nodes = None, []
        compute()
        few = self._timed(compute, _ends_where(self._nodes, lambda sort: sort.place), passes)
        many = self._timed(compute, _ends_where(self._nodes, lambda sort: sort), passes)
        return tuple(_parts(self._nodes, few, many))

    def _asked(self, address: int) -> bool:
        if not self._on:
            return False
        if self._ends is None:
            self._learn(Tensor.from_address(address))
            return False
        wanted = self._at in self._ends
        self._at += 1
        self._started = time.perf_counter()
        return wanted

    def _learn(self, node: Tensor) -> None:
        """What costs nothing goes with the one before it."""
        if costs_nothing(node):
            before = self._nodes[-1][0] if self._nodes else Sort("other", "", "CPU")
            self._nodes.append((before, Amount(0, 0)))
        else:
            self._nodes.append((sort_of(node), amount(node)))

    def _timed(self, compute: Callable[[], None], ends: list[int], passes: int) -> list[Run]:
        """The runs that end at `ends`, each with the middle one of its times."""
        self._ends = set(ends)
        times: list[list[float]] = []
        for _ in range(passes + 1):
            compute()
            times.append(self._seconds)
        of_runs = zip(*times[1:], strict=True)
        return [(self._nodes[end][0], median(taken)) for end, taken in zip(ends, of_runs, strict=True)]


def _ends_where(nodes: list[Node], by: Callable[[Sort], object]) -> list[int]:
    last = len(nodes) - 1
    return [at for at in range(len(nodes)) if at == last or by(nodes[at][0]) != by(nodes[at + 1][0])]


def _parts(nodes: list[Node], few: list[Run], many: list[Run]) -> Iterator[Part]:
    """Each stop costs the same; what is left then adds up to what the pass takes with few of them."""
    whole, stopped = (sum(seconds for _, seconds in runs) for runs in (few, many))
    stop = max(0.0, stopped - whole) / max(1, len(many) - len(few))
    seconds: dict[Sort, float] = defaultdict(float)
    for sort, taken in many:
        seconds[sort] += max(0.0, taken - stop)
    amounts: dict[Sort, Amount] = defaultdict(lambda: Amount(0, 0))
    for sort, more in nodes:
        amounts[sort] = Amount(*(one + other for one, other in zip(amounts[sort], more, strict=True)))
    scale = whole / (sum(seconds.values()) or 1.0)
    for sort, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        yield Part(
            kind=sort.kind,
            type=sort.type,
            place=sort.place,
            seconds=taken * scale,
            bytes_read=amounts[sort].bytes_read,
            operations=amounts[sort].operations,
        )
