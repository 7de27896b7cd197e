"""What loads were predicted to take and what they took, in one SQLite file that several processes may use.

Predictions come from an estimator; what was taken is read from outside the engine's process. Knows nothing of
how either is found out; see recording.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench import paths
from workbench.database import DatabaseFile
from workbench.memory import DeviceMemory, MemoryEstimate

KEPT = 1000
ALARM_SHARE, NOISE_BYTES = 0.01, 16 * 2**20
"""Wrong by more than this share is worth a word; by less than these bytes is the interpreter's own."""
_MIGRATIONS = (
    (
        """CREATE TABLE load (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            loaded REAL NOT NULL,
            model TEXT NOT NULL,
            backend TEXT NOT NULL,
            settings TEXT NOT NULL,
            basis TEXT NOT NULL DEFAULT '',
            trouble TEXT
        )""",
        """CREATE TABLE device (
            load_id INTEGER NOT NULL REFERENCES load (id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            name TEXT NOT NULL,
            weights INTEGER, context INTEGER, compute INTEGER, overhead INTEGER, mapped INTEGER,
            actual INTEGER,
            file_backed INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (load_id, place)
        )""",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualMemory:
    """Bytes that a process really holds on a device; file_backed ones can be read from their file again."""

    name: str
    held_bytes: int
    file_backed_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """One device of a load. `predicted` and `held_bytes` are None where they could not be told."""

    name: str
    predicted: DeviceMemory | None
    held_bytes: int | None
    file_backed_bytes: int = 0

    @property
    def rest_bytes(self) -> int | None:
        """What was held beyond the prediction, less than nothing where it was less; files do not count."""
        if self.predicted is None or self.held_bytes is None:
            return None
        return self.held_bytes - (self.predicted.total_bytes - self.predicted.mapped_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRecord:
    """One load: the host first, then its cards. `trouble` says why there is no prediction; None: not yet."""

    id: int
    loaded: datetime
    model: str
    backend: str
    settings: str
    basis: str
    trouble: str | None
    devices: tuple[DeviceRecord, ...]

    @property
    def is_pending(self) -> bool:
        return not self.basis and self.trouble is None

    @property
    def error(self) -> float | None:
        """The unexplained rest as a share of all that the load took; None where it is unknown."""
        rests = [device.rest_bytes for device in self.devices if device.rest_bytes is not None]
        total = sum((one.held_bytes or 0) + _mapped(one) for one in self.devices)
        return sum(map(abs, rests)) / total if rests and total else None

    @property
    def is_alarming(self) -> bool:
        rest = sum(abs(device.rest_bytes or 0) for device in self.devices)
        return self.error is not None and self.error > ALARM_SHARE and rest > NOISE_BYTES


class Ledger(DatabaseFile):
    """The store. Belongs to one thread. Methods raise WorkbenchError when the file cannot be used."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path or paths.data_folder() / "memory.sqlite3", _MIGRATIONS, "memory ledger")

    def begin(self, model: str, backend: str, settings: str, actual: Sequence[ActualMemory]) -> int:
        """Note what a load took, the host first, and forget the oldest loads beyond what is kept."""
        with self.writing() as database:
            values = (datetime.now(UTC).timestamp(), model, backend, settings)
            cursor = database.execute(
                "INSERT INTO load (loaded, model, backend, settings) VALUES (?, ?, ?, ?)", values
            )
            assert cursor.lastrowid is not None
            for place, one in enumerate(actual):
                database.execute(
                    "INSERT INTO device (load_id, place, name, actual, file_backed) VALUES (?, ?, ?, ?, ?)",
                    (cursor.lastrowid, place, one.name, one.held_bytes, one.file_backed_bytes),
                )
            database.execute("DELETE FROM load WHERE id <= ?", (cursor.lastrowid - KEPT,))
        return cursor.lastrowid

    def complete(self, load_id: int, predicted: MemoryEstimate, cards: Sequence[ActualMemory] = ()) -> None:
        """Add what was predicted, and what the cards held, by the engine's names for them."""
        held = {card.name: card.held_bytes for card in cards}
        with self.writing() as database:
            database.execute("UPDATE load SET basis = ? WHERE id = ?", (predicted.basis, load_id))
            for place, one in enumerate((predicted.host, *predicted.devices)):
                database.execute(
                    """INSERT INTO device
                       (load_id, place, name, weights, context, compute, overhead, mapped, actual)
                       SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM load WHERE id = ?)
                       ON CONFLICT (load_id, place) DO UPDATE SET weights = excluded.weights,
                       context = excluded.context, compute = excluded.compute, overhead = excluded.overhead,
                       mapped = excluded.mapped""",
                    (load_id, place, one.name, *_parts(one), held.get(one.name), load_id),
                )

    def give_up(self, load_id: int, trouble: str) -> None:
        """Note why there is no prediction."""
        with self.writing() as database:
            database.execute("UPDATE load SET trouble = ? WHERE id = ?", (trouble, load_id))

    def entry(self, load_id: int) -> LoadRecord | None:
        with self.reading():
            return next(iter(self._loads("WHERE id = ?", load_id)), None)

    def entries(self, limit: int = 50) -> list[LoadRecord]:
        """The newest first."""
        with self.reading():
            return self._loads("ORDER BY id DESC LIMIT ?", limit)

    def _loads(self, rest: str, value: int) -> list[LoadRecord]:
        columns = "id, loaded, model, backend, settings, basis, trouble"
        rows = self._database.execute(f"SELECT {columns} FROM load {rest}", (value,)).fetchall()
        return [
            LoadRecord(
                id=id,
                loaded=datetime.fromtimestamp(loaded, UTC),
                model=model,
                backend=backend,
                settings=settings,
                basis=basis,
                trouble=trouble,
                devices=tuple(self._devices(id)),
            )
            for id, loaded, model, backend, settings, basis, trouble in rows
        ]

    def _devices(self, load_id: int) -> Iterator[DeviceRecord]:
        rows = self._database.execute(
            """SELECT name, weights, context, compute, overhead, mapped, actual, file_backed
               FROM device WHERE load_id = ? ORDER BY place""",
            (load_id,),
        )
        for name, weights, context, compute, overhead, mapped, actual, file_backed in rows:
            predicted = None
            if weights is not None:
                predicted = DeviceMemory(
                    name=name,
                    weights_bytes=weights,
                    context_bytes=context,
                    compute_bytes=compute,
                    overhead_bytes=overhead,
                    mapped_bytes=mapped,
                )
            yield DeviceRecord(
                name=name, predicted=predicted, held_bytes=actual, file_backed_bytes=file_backed
            )


def _parts(one: DeviceMemory) -> tuple[int, ...]:
    return (one.weights_bytes, one.context_bytes, one.compute_bytes, one.overhead_bytes, one.mapped_bytes)


def _mapped(one: DeviceRecord) -> int:
    return one.predicted.mapped_bytes if one.predicted else 0
