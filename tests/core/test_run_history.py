"""Runs that are kept: what is compared with what, what an update did, and files from elsewhere."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.run_records import ELSEWHERE, HERE, UPDATED, document, run
from workbench.benchmark.history import BenchTest, RunRecord, RunStore, recorded
from workbench.benchmark.history.epochs import Change, epochs
from workbench.benchmark.history.exchange import as_csv, as_json, read_runs
from workbench.benchmark.history.judging import sides, updates
from workbench.benchmark.history.selecting import compared, runs_of, series
from workbench.benchmark.history.watching import REPEATS, watched
from workbench.errors import InvalidRequest, ModelNotFound, WorkbenchError

STEADY = [run(hour, speed) for hour, speed in enumerate((100, 101, 99, 100, 100.5))]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "benchmarks.sqlite3"


def test_a_run_comes_back_as_it_was(file: Path) -> None:
    kept = run(0, 100, flags=("outlier",), kv_type_k="q8_0")
    with RunStore(file) as store:
        assert store.keep(kept) == 1
    with RunStore(file) as store:
        assert store.runs() == [kept]
        assert store.runs(model="a1", machine="d1") == [kept]
        assert store.runs(model="a1", machine="e1") == []
        assert kept.tests[0].document["spread"] == 0.1


def test_a_run_is_kept_once(file: Path) -> None:
    with RunStore(file) as store:
        assert store.keep(*STEADY) == len(STEADY)
        assert store.keep(*STEADY, run(9, 100)) == 1
        assert len(store.runs()) == len(STEADY) + 1


def _keep(file: Path, number: int) -> None:
    with RunStore(file) as store:
        store.keep(run(number, 100))


def test_several_processes_keep_runs_at_once(file: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_keep, args=(file, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with RunStore(file) as store:
        assert len(store.runs()) == 3


def test_a_file_that_is_no_database_is_told(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all, whatever it is called" * 40)
    with pytest.raises(WorkbenchError, match=r"history of measurements at .* cannot be used"):
        RunStore(file)


def test_an_update_begins_another_epoch() -> None:
    before, after = epochs([*STEADY, run(9, 100, UPDATED)])
    assert (len(before.runs), len(after.runs)) == (5, 1)
    assert after.changes == (
        Change("llama-cpp", "0.3.35", "0.3.36"),
        Change("kernel", "Linux 6.1", "Linux 6.2"),
    )


def test_another_build_of_the_same_version_is_an_update() -> None:
    rebuilt = replace(HERE, engine=replace(HERE.engine, build="b9"))
    assert [str(change) for change in epochs([run(0, 1), run(1, 1, rebuilt)])[1].changes] == [
        "llama-cpp 0.3.35, build b1 → b9"
    ]


def test_a_little_less_memory_is_no_update_and_much_less_is() -> None:
    for lost, told in ((2**26, 1), (2**34, 2)):
        smaller = replace(HERE, machine=replace(HERE.machine, ram_bytes=32 * 2**30 - lost))
        assert len(epochs([run(0, 1), run(1, 1, smaller)])) == told


def test_a_run_is_compared_with_those_under_the_same_circumstances() -> None:
    (verdict,) = sides(STEADY, [run(9, 80)]).judged().verdicts
    assert verdict.comparison.outcome == "slower"
    assert verdict.comparison.runs_before == 5


def test_after_an_update_the_runs_before_it_are_compared_with() -> None:
    now = [run(10, 80, UPDATED), run(11, 81, UPDATED)]
    judgement = sides([*STEADY, now[0]], now[1:]).judged()
    assert (judgement.changed[0].comparison.runs_before, judgement.changed[0].comparison.runs_now) == (5, 2)
    assert [change.what for change in judgement.changes] == ["llama-cpp", "kernel"]
    later = [*STEADY, *(run(hour, 80, UPDATED) for hour in (10, 11, 12))]
    settled = sides(later, [run(13, 80, UPDATED)]).judged()
    assert (settled.changed, settled.changes) == ((), ())


def test_other_settings_are_another_matter() -> None:
    other = run(9, 50, kv_type_k="q8_0", parallel=8)
    assert (STEADY[0].setup, other.setup) == ("", "kv_type_k q8_0, parallel 8")
    assert sides(STEADY, [other]).judged().verdicts == ()
    assert sides(STEADY, [run(9, 50, context_length=9999)]).judged().changed
    assert len(series([*STEADY, other])) == 2


def test_what_an_update_did_is_told_for_each() -> None:
    slower = [run(hour, speed, UPDATED) for hour, speed in ((10, 86), (11, 87), (12, 86))]
    (judgement,) = updates([*STEADY, *slower])
    assert judgement.changed[0].comparison.change == pytest.approx(-0.14, abs=0.01)


def test_a_run_beside_other_programs_is_compared_with_its_like() -> None:
    alone = sides(STEADY, [run(9, 60, flags=("neighbour",))]).judged()
    assert (alone.verdicts, alone.unclear) == ((), (BenchTest("tg128"),))
    crowded = [run(hour, 60, flags=("neighbour",)) for hour in (5, 6, 7)]
    (verdict,) = sides([*STEADY, *crowded], [run(9, 60, flags=("neighbour",))]).judged().verdicts
    assert (verdict.comparison.outcome, verdict.comparison.runs_before) == ("same", 3)


class Repeating:
    """Measures again, always as fast."""

    def __init__(self, speed: float) -> None:
        self.speed, self.asked = speed, list[int]()

    def __call__(self, number: int, count: int) -> RunRecord:
        self.asked.append(number)
        return run(20 + number, self.speed)


def test_what_looks_slow_is_measured_again_and_then_told(file: Path) -> None:
    with RunStore(file) as store:
        store.keep(*STEADY)
        again = Repeating(85)
        (verdict,) = watched(store, run(9, 85), again).changed
        assert again.asked == list(range(1, REPEATS + 1))
        assert verdict.comparison.runs_now == REPEATS
        assert len(store.runs()) == len(STEADY) + 1 + REPEATS


def test_one_slow_run_is_no_slowdown(file: Path) -> None:
    with RunStore(file) as store:
        store.keep(*STEADY)
        again = Repeating(100)
        assert watched(store, run(9, 80), again).changed == ()
        assert again.asked


@pytest.mark.parametrize(("taken", "told"), [(0.06, True), (1.4, False)])
def test_what_others_took_leaves_speeds_open(taken: float, told: bool) -> None:
    """A little of two cores hides nothing; most of them hides even half of the speed."""

    def beside_others(one: RunRecord) -> RunRecord:
        flags = [{"kind": "neighbour", "text": "Something else was going on."}]
        seen = {"others_cores": taken, "cores": 2}
        return replace(one, tests=(replace(one.tests[0], document={"flags": flags, "surroundings": seen}),))

    before = [beside_others(one) for one in STEADY]
    now = [beside_others(run(hour, 86)) for hour in (6, 7, 8, 9)]
    assert bool(sides(before, now).judged().changed) == told


def test_repetitions_that_agree_missed_nothing() -> None:
    told = {
        "flags": [{"kind": "neighbour", "text": "Something else was going on."}],
        "surroundings": {"others_cores": 1.4, "cores": 2},
    }
    (test,) = run(0, 100).tests
    steady = replace(test, document={**told, "samples": [99, 100, 101]})
    assert steady.doubt == pytest.approx(0.01, rel=0.01)
    assert replace(test, document={**told, "samples": [40, 100, 200]}).doubt > 0.3


def test_scattered_repetitions_make_runs_uncertain() -> None:
    scattered = [
        replace(one, tests=(replace(one.tests[0], document={"samples": [70, 100, 130, 100, 160]}),))
        for one in STEADY
    ]
    assert sides(scattered, [run(9, 80)]).judged().changed == ()
    assert sides(STEADY, [run(9, 80)]).judged().changed


def test_what_is_as_fast_as_before_is_not_measured_again(file: Path) -> None:
    with RunStore(file) as store:
        assert watched(store, run(0, 100), Repeating(0)).verdicts == ()
        store.keep(*STEADY[1:])
        again = Repeating(0)
        assert watched(store, run(9, 99.5), again).changed == ()
        assert not again.asked


def test_two_machines_are_compared_by_the_models_that_both_have() -> None:
    there = [run(hour, 50, ELSEWHERE) for hour in range(3)]
    other_model = replace(ELSEWHERE, model=replace(HERE.model, name="reader", digest="b2"))
    (matter,) = compared([*STEADY, *there, run(0, 10, other_model)], "desk", "attic")
    assert matter.about == "writer"
    assert matter.judgement.changed[0].comparison.change == pytest.approx(-0.5, abs=0.01)


def test_two_models_are_compared_on_the_machine_that_has_both() -> None:
    smaller = replace(HERE, model=replace(HERE.model, name="writer-Q4", digest="c3"))
    runs = [*STEADY, *(run(hour, 150, smaller) for hour in range(3))]
    (matter,) = compared(runs, "writer", "writer-Q4")
    assert (matter.about, matter.judgement.verdicts[0].comparison.outcome) == ("desk", "faster")


def test_what_has_nothing_in_common_is_refused() -> None:
    there = run(0, 50, ELSEWHERE, test="pp512")
    with pytest.raises(InvalidRequest, match="no test in common"):
        compared([*STEADY, there], "desk", "attic")
    with pytest.raises(InvalidRequest, match="desk is a machine, writer is a model"):
        compared(STEADY, "desk", "writer")
    with pytest.raises(ModelNotFound, match="Did you mean writer"):
        runs_of(STEADY, "writr")


def test_machines_of_one_name_are_told_apart_by_their_ids() -> None:
    namesake = replace(ELSEWHERE, machine=replace(ELSEWHERE.machine, name="desk"))
    runs = [*STEADY, run(0, 50, namesake)]
    with pytest.raises(InvalidRequest, match=r"Several machines are called desk\. .*d1, e1"):
        compared(runs, "desk", "e1")
    assert compared(runs, "d1", "e1")


def test_what_is_exported_can_be_read_and_compared(tmp_path: Path) -> None:
    exported = tmp_path / "attic.json"
    there = [run(hour, 50, ELSEWHERE) for hour in range(3)]
    exported.write_bytes(as_json(there))
    assert read_runs(exported) == there
    (matter,) = compared(STEADY, "desk", str(exported))
    assert matter.judgement.changed


def test_the_table_has_a_line_for_each_test() -> None:
    both = recorded(document({"pp512": 900.0, "tg128": 100.0}), HERE)
    rows = list(csv.DictReader(io.StringIO(as_csv([both]).decode())))
    assert [(row["model"], row["test"], float(row["tokens_per_second"])) for row in rows] == [
        ("writer", "pp512", 900.0),
        ("writer", "tg128", 100.0),
    ]


def test_a_document_that_says_nonsense_says_nothing() -> None:
    nonsense = {"flags": 3, "samples": ["fast", -1, None, 10**400], "surroundings": {"cores": "two"}}
    (test,) = run(0, 100).tests
    told = replace(test, document=nonsense)
    assert (told.disturbed, told.error, told.doubt) == (False, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(format="something else"),
        lambda told: told.update(version=99),
        lambda told: told["runs"][0].pop("circumstances"),
        lambda told: told["runs"][0].update(taken="2026-03-04T15:30:00"),
        lambda told: told["runs"][0]["tests"][0].update(tokens_per_second=0),
        lambda told: told["runs"][0]["tests"][0].update(tokens_per_second="fast"),
        lambda told: told.update(runs="none"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(change: Any, tmp_path: Path) -> None:
    told = json.loads(as_json(STEADY))
    change(told)
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(told))
    with pytest.raises(InvalidRequest, match=r"broken\.json"):
        read_runs(broken)
