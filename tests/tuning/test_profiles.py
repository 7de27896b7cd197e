"""Profiles: kept, chosen for a load, taken over as far as they hold, and left aside when they do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.stage import Actor
from tests.tuning.made_up_profile import FOUND, GUIDE, NOW, profile
from workbench import paths
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit
from workbench.tuning.choosing import chosen, known
from workbench.tuning.identity import Identity
from workbench.tuning.opening import open_tuned, tuned
from workbench.tuning.profile import changes, is_tunable, open_to
from workbench.tuning.profiles import forget, keep, kept


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


def here(monkeypatch: pytest.MonkeyPatch, now: Identity = NOW) -> None:
    monkeypatch.setattr("workbench.tuning.identity.identity", lambda model, backend: now)


def test_they_are_kept_one_for_each_aim_the_newest_first() -> None:
    first, second = profile(), profile(kind="prompt", tuned=2000.0)
    keep(first)
    keep(second)
    keep(renewed := profile(tuned=3000.0, settings={"split": (1.0, 0.0)}))
    assert [one.tuned for one in kept()] == [renewed.tuned, second.tuned]
    assert kept()[0].values == {"split": (1.0, 0.0)}
    forget(kept())
    assert kept() == ()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"settings": {"threads": -1}}'])
def test_a_file_that_is_no_profile_counts_as_none(content: bytes) -> None:
    keep(profile())
    (paths.profiles_folder() / "other.json").write_bytes(content)
    assert len(kept()) == 1


def test_settings_that_no_engine_could_have_make_it_no_profile() -> None:
    keep(profile(settings={"threads": 0}))
    keep(profile(kind="prompt", settings={"warp": 9}))
    assert kept() == ()


def test_what_belongs_together_is_kept_together() -> None:
    usual = EngineSettings(gpu_layers=20)
    assert changes(usual, usual) == {}
    found = replace(usual, gpu_layers=None, experts_on_cpu=12, threads=4, threads_batch=8)
    assert changes(found, usual) == {
        "gpu_layers": None, "experts_on_cpu": 12, "split": (), "threads": 4, "threads_batch": 8
    }  # fmt: skip


def test_only_what_a_person_left_open_is_taken_over() -> None:
    assert open_to(profile(), EngineSettings()) == FOUND
    threads = {"threads": 1, "threads_batch": 2}
    without = {name: value for name, value in FOUND.items() if name not in threads}
    assert open_to(profile(), EngineSettings(threads_batch=4)) == without
    same_as_usual = EngineSettings(micro_batch=512, given=frozenset({"micro_batch"}))
    assert "micro_batch" not in open_to(profile(), same_as_usual)
    assert "flash_attention" not in open_to(profile(), EngineSettings(kv_type_v="q8_0"))


def test_what_was_found_for_a_shorter_context_is_not_taken_for_a_longer_one() -> None:
    placed = profile(settings={**FOUND, "gpu_layers": 20, "experts_on_cpu": 0, "split": ()})
    longer = open_to(placed, EngineSettings(context_length=4097))
    assert longer == {"threads": 1, "threads_batch": 2, "micro_batch": 128}
    assert open_to(placed, EngineSettings(context_length=4096)) == placed.settings
    assert "gpu_layers" not in open_to(placed, EngineSettings(context_length=4096, parallel=2))


def test_a_draft_that_is_gone_is_not_taken_over(tmp_path: Path) -> None:
    draft = tmp_path / "small.gguf"
    drafting = profile(settings={"draft": str(draft), "speculation": None})
    assert open_to(drafting, EngineSettings()) == {}
    draft.touch()
    assert open_to(drafting, EngineSettings()) == {"draft": str(draft), "speculation": None}


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        (Identity("another", "machine", "engine"), "model"),
        (Identity("model", "another", "engine"), "machine"),
        (Identity("model", "machine", "another"), "engine"),
    ],
)
def test_it_goes_stale_when_the_model_the_machine_or_the_engine_changes(
    now: Identity, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known(GUIDE, [profile()], lambda: NOW).holding == (profile(),)
    found = known(GUIDE, [profile()], lambda: now)
    assert not found.holding and [one.changed for one in found.stale] == [changed]
    keep(profile())
    here(monkeypatch, now)
    loaded = tuned(GUIDE, EngineSettings())
    assert loaded.settings == EngineSettings()
    assert (
        f"the {changed} is another one" in loaded.notices[0] and "workbench tune guide" in loaded.notices[0]
    )


def test_what_was_tuned_again_is_stale_no_more() -> None:
    old = profile(identity=replace_engine("old"))
    assert known(GUIDE, [profile(), old], lambda: NOW).stale == ()


def replace_engine(name: str) -> Identity:
    return Identity(NOW.model, NOW.machine, name)


def test_the_same_bytes_elsewhere_are_the_same_model(tmp_path: Path) -> None:
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(Path(GUIDE).read_bytes())
    assert known(str(copy), [profile()], lambda: NOW).holding
    other = tmp_path / "other.gguf"
    other.write_bytes(b"other")
    never = pytest.fail
    assert not known(str(other), [profile()], lambda: never("It was identified.")).holding


def test_serving_has_a_profile_of_its_own() -> None:
    one, many = profile(), profile(kind="serving", parallel=8, context_length=1024)
    both = (one, many)
    assert chosen(both, EngineSettings(), serving=False) is one
    assert chosen(both, EngineSettings(), serving=True) is many
    assert chosen(both, EngineSettings(parallel=4), serving=True) is many
    assert chosen(both, EngineSettings(given=frozenset({"parallel"})), serving=True) is one
    assert chosen((one,), EngineSettings(), serving=True) is one
    assert chosen((one,), EngineSettings(parallel=4), serving=True) is None
    assert chosen((many,), EngineSettings(), serving=False) is None


def test_serving_takes_over_how_many_requests_it_was_tuned_for(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(profile(kind="serving", parallel=8, settings={"micro_batch": 128}))
    here(monkeypatch)
    loaded = tuned(GUIDE, EngineSettings(), serving=True)
    assert (loaded.settings.parallel, loaded.settings.micro_batch) == (8, 128)
    assert "serving 8" in loaded.notices[0]
    assert tuned(GUIDE, EngineSettings()).settings == EngineSettings()


def test_nothing_is_taken_where_every_setting_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(profile())
    here(monkeypatch)
    every = EngineSettings(given=frozenset(EngineSettings.__dataclass_fields__))
    assert not is_tunable(every) and tuned(GUIDE, every).settings == every
    assert tuned(GUIDE, EngineSettings(vocabulary_only=True)).notices == ()


async def test_a_model_is_loaded_with_its_profile_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(profile())
    here(monkeypatch)
    provider = await open_tuned(GUIDE, EngineSettings(context_length=256))
    await provider.close()
    assert provider.facts.notices[0] == (
        "Tuned for generation on this machine: --micro-batch 128 --threads 1 --threads-batch 2 "
        "--flash-attention off (12% faster when measured). --no-profile loads without."
    )


async def test_a_profile_never_makes_a_load_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(profile(kind="serving", parallel=8))
    here(monkeypatch)

    async def for_one(model: str, settings: EngineSettings, **others: object) -> Provider:
        if settings.parallel > 1:
            raise DoesNotFit("There is too little memory.")
        return Actor()

    monkeypatch.setattr("workbench.tuning.opening.open_planned", for_one)
    provider = await open_tuned(GUIDE, EngineSettings(), serving=True)
    assert "does not fit now" in provider.facts.notices[0]
    with pytest.raises(DoesNotFit):
        await open_tuned(GUIDE, EngineSettings(parallel=2))
