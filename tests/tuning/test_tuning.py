"""A whole tuning of the bundled model by speeds that are made up: what is asked for, and what is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuning.landscape import Landscape
from tests.tuning.made_up_profile import GUIDE, profile
from workbench.backend import ModelFacts
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.machine.disturbance import Surroundings
from workbench.tuning import tuning
from workbench.tuning.aim import Aim
from workbench.tuning.identity import Identity, identity
from workbench.tuning.measuring import Sizes
from workbench.tuning.profile import Profile
from workbench.tuning.profiles import keep
from workbench.tuning.tuning import Order, Report, tune

FACTS = ModelFacts(
    architecture="llama", context_length=1024, trained_context=2048, parallel=1, vocabulary_size=4096
)
Speed = Callable[[EngineSettings], float]
MadeUp = Callable[..., Awaitable[Report]]


class MadeUpStopwatch(Landscape):
    """In the place of one that measures."""

    sizes = Sizes(prompt=512, answer=64)

    async def settle(self, usual: EngineSettings) -> ModelFacts:
        return replace(FACTS, context_length=usual.context_length or 2048)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """Tunes the bundled model by speeds that are a function of the settings."""

    async def tuned(speed: Speed, settings: EngineSettings, aim: Aim, *, lossy: bool = False) -> Report:
        monkeypatch.setattr(tuning, "Stopwatch", lambda aim, engines: MadeUpStopwatch(speed))
        order = Order(name="guide", path=GUIDE, settings=settings, backend=None, aim=aim, lossy=lossy)
        return await tune(order)

    return tuned


def smaller_is_faster(settings: EngineSettings) -> float:
    """In micro-batches, and in caches."""
    return 100.0 + (512 - settings.micro_batch) / 10 + {"q8_0": 10, "q4_0": 20}.get(settings.kv_type_k, 0)


async def test_what_is_fastest_becomes_a_profile(made_up: MadeUp) -> None:
    settings = EngineSettings(context_length=1024)
    kept = (await made_up(smaller_is_faster, settings, Aim("prompt"))).profile
    assert kept.values == {"micro_batch": 64} and not kept.lossy
    assert (kept.kind, kept.parallel, kept.context_length, kept.usual_context) == ("prompt", 1, 1024, 2048)
    assert (kept.usual_speed, kept.tuned_speed) == pytest.approx((100, 144.8))
    assert kept.gain == pytest.approx(0.448)
    assert kept.identity == identity(GUIDE, None)


async def test_what_changes_answers_is_tried_only_where_it_may_and_is_marked(
    made_up: MadeUp,
) -> None:
    report = await made_up(smaller_is_faster, EngineSettings(), Aim("serving", 2), lossy=True)
    assert report.profile.values["kv_type_v"] == "q4_0" and report.profile.lossy
    assert report.profile.parallel == report.outcome.usual.parallel == 2


async def test_what_a_person_has_chosen_stays(made_up: MadeUp) -> None:
    chosen = EngineSettings(micro_batch=512, given=frozenset({"micro_batch"}))
    report = await made_up(smaller_is_faster, chosen, Aim("prompt"))
    assert report.profile.settings == {} and report.profile.gain == 0


async def test_a_draft_that_is_named_is_tried_and_kept_by_its_whole_path(
    made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.gguf").symlink_to(GUIDE)
    monkeypatch.chdir(tmp_path)
    drafting = EngineSettings(draft="small.gguf", given=frozenset({"draft"}))
    report = await made_up(lambda settings: 150.0 if settings.draft else 100.0, drafting, Aim())
    assert report.outcome.usual.draft is None
    assert report.profile.values == {"draft": str(tmp_path / "small.gguf"), "speculation": None}


async def test_tuning_again_begins_with_what_was_fastest_before(made_up: MadeUp) -> None:
    now = identity(GUIDE, None)
    stale = profile(
        identity=Identity(now.model, now.machine, "older"), settings={"micro_batch": 64}, kind="prompt"
    )
    keep(stale)
    report = await made_up(smaller_is_faster, EngineSettings(), Aim("prompt"))
    assert [one.changed for one in report.before.stale] == ["engine"]
    assert report.profile.values == {"micro_batch": 64}
    micro_batch = next(one for one in report.effects if one.knob.name == "micro-batch")
    assert all(trial.beside == "64" for trial in micro_batch.trials)


@pytest.mark.parametrize(("others", "disturbed"), [(0.4, False), (0.6, True)])
async def test_what_was_measured_beside_busy_programs_is_marked(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, others: float, disturbed: bool
) -> None:
    class Beside:
        def so_far(self) -> Surroundings:
            return Surroundings(others, cores=2)

    monkeypatch.setattr(tuning, "Disturbance", Beside)
    report = await made_up(smaller_is_faster, EngineSettings(), Aim())
    assert report.is_disturbed is disturbed


async def test_what_is_computed_elsewhere_is_not_tuned_here(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        opens = "provider"

    monkeypatch.setattr(tuning.registry, "load", lambda name: Elsewhere())
    with pytest.raises(Unsupported, match="not computed by this machine"):
        await tune(Order(name="far", path=GUIDE, settings=EngineSettings(), backend="far", aim=Aim()))


def test_a_profile_that_changes_answers_says_so_when_it_is_used() -> None:
    from workbench.tuning.opening import told

    lossy: Profile = profile(lossy=True)
    assert "changes answers a little" in told(lossy, "--kv-type q8_0")
    assert "changes answers" not in told(profile(), "--threads 1")
