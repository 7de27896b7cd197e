"""What a run is to do, all of it known before the first row, and what marks a run as the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec
import xxhash
from msgspec import Struct

from workbench import __version__
from workbench.datasets.inputs import Inputs
from workbench.datasets.model_file import digest_of
from workbench.datasets.operation import Operation, RowOperation, SetOperation, Surroundings
from workbench.datasets.reading import Part, Source, survey
from workbench.datasets.recipe import Recipe
from workbench.models import locate

LIBRARIES = ("duckdb", "msgspec", "numpy", "pillow", "py3langid", "rensa", "xxhash")


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that decides what comes out: the recipe, the inputs, the model and the versions.

    Attributes:
        formats: Those that are written, by name.
        references: Files beside the inputs that operations read.
        models: What operations ask beside it: digests by name.
        context: How many tokens the model reads at once; 0 where that is not known.
        sample: How many rows are tried, spread over the input; 0 means all.
        unread: Files in folders of documents that are none.
        answers: The file in which answers of models are kept.
        keeps_rows: Whether rows are needed again after they were looked at once.
    """

    recipe: Recipe
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    references: tuple[Source, ...] = ()
    formats: tuple[str, ...]
    model: str | None = None
    model_digest: str = ""
    models: dict[str, str] = msgspec.field(default_factory=dict)
    context: int = 0
    sample: int = 0
    unread: tuple[str, ...] = ()
    answers: str = ""
    keeps_rows: bool
    versions: dict[str, str]

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(
            self.model, self.recipe.seed, self.model_digest, Path(self.answers) if self.answers else None
        )

    @property
    def fingerprint(self) -> str:
        """Of runs that give the same bytes."""
        told = msgspec.structs.replace(self, answers="")
        return xxhash.xxh3_128_hexdigest(msgspec.json.encode(told, order="sorted"))

    @property
    def total_bytes(self) -> int:
        return sum(part.end - part.start for part in self.parts)


@dataclass(frozen=True, slots=True)
class Steps:
    """A recipe's operations, each with the number of its step, counted from 1."""

    early: tuple[tuple[int, RowOperation], ...]
    judging: tuple[tuple[int, SetOperation], ...]
    late: tuple[tuple[int, RowOperation], ...]

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> Steps:
        numbered = list(enumerate(operations, 1))
        judging = tuple((number, one) for number, one in numbered if isinstance(one, SetOperation))
        first = judging[0][0] if judging else len(numbered) + 1
        rows = [(number, one) for number, one in numbered if isinstance(one, RowOperation)]
        return cls(
            tuple(one for one in rows if one[0] < first),
            judging,
            tuple(one for one in rows if one[0] > first),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the input is read: in so many processes here, None being one for each core, or on a Ray cluster.

    The bytes that come of a run do not follow from it.
    """

    processes: int | None = None
    ray: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase is: bytes of the input, questions, then steps, then rows."""

    phase: Literal["reading", "asking", "comparing", "writing"]
    done: int
    total: int


Tell = Callable[[Progress], None]


def plan(
    recipe: Recipe,
    inputs: Inputs,
    formats: Sequence[str],
    model: str | None,
    sample: int,
    digest: str,
    context: int,
    answers: str,
) -> Plan:
    """Look through the inputs. Raises InvalidRequest where one cannot be read, and as `locate`."""
    sources, parts = [], []
    operations = recipe.operations()
    for index, path in enumerate(inputs.files):
        source, found = survey(path, index, small_parts=model is not None)
        sources.append(source)
        parts += found
    return Plan(
        recipe=recipe,
        sources=tuple(sources),
        parts=tuple(parts),
        references=tuple(survey(path, 0)[0] for operation in operations for path in operation.reads()),
        formats=tuple(formats),
        model=model,
        model_digest=digest,
        models={
            name: digest_of(locate(name).path) for operation in operations for name in operation.models()
        },
        context=context,
        sample=sample,
        unread=tuple(map(str, inputs.unread)),
        answers=answers,
        keeps_rows=bool(formats),
        versions={"workbench": __version__} | {name: version(name) for name in LIBRARIES},
    )
