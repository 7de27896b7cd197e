"""Every run of the benchmark, in one SQLite file that several processes may use. Compares nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from workbench import paths
from workbench.benchmark.history.record import BenchTest, RunRecord, SpeedRecord
from workbench.circumstances import Circumstances
from workbench.database import DatabaseFile, Migrations

_MIGRATIONS: Migrations = (
    (
        """CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uid TEXT NOT NULL UNIQUE,
            taken REAL NOT NULL,
            origin TEXT NOT NULL,
            model TEXT NOT NULL,
            machine TEXT NOT NULL,
            engine TEXT NOT NULL,
            circumstances TEXT NOT NULL,
            settings TEXT NOT NULL
        )""",
        """CREATE TABLE test (
            run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            name TEXT NOT NULL,
            depth INTEGER NOT NULL,
            parallel INTEGER NOT NULL,
            method TEXT NOT NULL,
            tokens_per_second REAL NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (run_id, place)
        )""",
        "CREATE INDEX run_by_model ON run (model, machine, taken)",
    ),
)


class RunStore(DatabaseFile):
    """The store. Methods raise WorkbenchError when the file cannot be used."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or paths.data_folder() / "benchmarks.sqlite3"
        super().__init__(path, _MIGRATIONS, "history of measurements")

    def keep(self, *records: RunRecord) -> int:
        """Add those that are not here yet, all or none; returns how many that were."""
        with self.writing():
            return sum(map(self._add, records))

    def runs(self, *, model: str | None = None, machine: str | None = None) -> list[RunRecord]:
        """The oldest first, of a model and of a machine by their keys, or of all."""
        wanted = [(name, key) for name, key in (("model", model), ("machine", machine)) if key is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in wanted) or "1"
        columns = "id, uid, taken, origin, circumstances, settings"
        with self.reading():
            rows = self._database.execute(
                f"SELECT {columns} FROM run WHERE {where} ORDER BY taken, id", [key for _, key in wanted]
            ).fetchall()
            return [
                RunRecord(
                    uid=uid,
                    taken=datetime.fromtimestamp(taken, UTC),
                    origin=origin,
                    circumstances=msgspec.json.decode(circumstances, type=Circumstances),
                    settings=json.loads(settings),
                    tests=tuple(self._tests(id)),
                )
                for id, uid, taken, origin, circumstances, settings in rows
            ]

    def _add(self, record: RunRecord) -> bool:
        around = record.circumstances
        cursor = self._database.execute(
            """INSERT OR IGNORE INTO run (uid, taken, origin, model, machine, engine, circumstances, settings)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                record.uid,
                record.taken.timestamp(),
                record.origin,
                around.model.key,
                around.machine.key,
                around.engine.key,
                msgspec.json.encode(around).decode(),
                json.dumps(record.settings),
            ),
        )
        if not cursor.rowcount:
            return False
        for place, one in enumerate(record.tests):
            test = one.test
            values = (test.name, test.depth, test.parallel, test.method, one.tokens_per_second)
            self._database.execute(
                "INSERT INTO test VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (cursor.lastrowid, place, *values, json.dumps(one.document)),
            )
        return True

    def _tests(self, run_id: int) -> Iterable[SpeedRecord]:
        rows = self._database.execute(
            """SELECT name, depth, parallel, method, tokens_per_second, document
               FROM test WHERE run_id = ? ORDER BY place""",
            (run_id,),
        )
        for name, depth, parallel, method, speed, document in rows:
            test = BenchTest(name, depth, parallel, method)
            yield SpeedRecord(test=test, tokens_per_second=speed, document=json.loads(document))
