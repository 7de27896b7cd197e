"""Targets of any chat template: one vocabulary that has the control tokens of many families."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.datasets.target.families import FAMILIES, HARMONY
from tests.datasets.target.vocabularies import vocabulary
from workbench.datasets.target.target import Target, open_target

TargetOf = Callable[[str], Target]


@pytest.fixture(scope="session")
def target_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetOf]:
    """The target with this chat template."""
    folder = tmp_path_factory.mktemp("vocabularies")
    every = "".join(family.template for family in FAMILIES)
    more = ("[e~[", "<|user|>", "<|system|>", "<|tool|>")
    target = open_target(
        str(vocabulary(folder / "every.gguf", every, more=more, turn_end="<|END_OF_TURN_TOKEN|>"))
    )
    yield lambda template: replace(target, facts=replace(target.facts, chat_template=template))
    target.close()


@pytest.fixture(scope="session")
def harmony(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One whose end tokens depend on each other, as those of gpt-oss do."""
    path = tmp_path_factory.mktemp("harmony") / "harmony.gguf"
    target = open_target(str(vocabulary(path, HARMONY.template)))
    yield target
    target.close()
