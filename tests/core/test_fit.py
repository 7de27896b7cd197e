"""Whether weights fit a machine: what there is, with a share kept for the rest."""

from __future__ import annotations

import pytest

from workbench.machine import Gpu, Machine
from workbench.machine.fit import fit


def machine_with(ram_free: int, *gpus: int | None) -> Machine:
    cards = tuple(Gpu("card", memory) for memory in gpus)
    return Machine("cpu", 1, 1, 10**12, ram_free, "Linux x86_64", cards)


@pytest.mark.parametrize(
    ("weights", "here", "answer"),
    [
        (0, machine_with(0), "yes"),
        (100, machine_with(120), "yes"),
        (100, machine_with(119), "tight"),
        (100, machine_with(100), "tight"),
        (100, machine_with(99), "no"),
        (100, machine_with(60, 60), "yes"),
        (100, machine_with(60, None), "no"),
    ],
)
def test_ram_and_cards_count_together(weights: int, here: Machine, answer: str) -> None:
    assert fit(weights, here) == answer
