"""Measure models as a command does: loaded so that they fit this machine, and told how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench import registry, wording
from workbench.cli import output
from workbench.cli.terminal import StatusLine
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineUnavailable, Unsupported
from workbench.models import LocalModel
from workbench.planning.defaults import default_settings
from workbench.ports import ScoredModel, Scorer
from workbench.quantization.quality import comparing
from workbench.quantization.quality.answers import SHORTEST_CONTEXT
from workbench.quantization.quality.base_model import opened_base
from workbench.quantization.quality.comparing import Result
from workbench.quantization.quality.subjects import folder_of, subject_of
from workbench.quantization.quality.trial import Progress, Subject, Trial

WINDOW = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person wants to know; the context length in the settings is that of the windows."""

    text: str
    most_windows: int | None
    prompts: tuple[str, ...]
    settings: EngineSettings
    backend: str | None


def measured(models: Sequence[LocalModel], asked: Asked) -> list[Result]:
    """Of the base, which is the first, and of those that are compared with it."""
    name = asked.backend or registry.name_for(str(models[0].path))
    scorer, engine = scorer_of(name)
    window = asked.settings.context_length or WINDOW
    settings = replace(asked.settings, context_length=max(window, SHORTEST_CONTEXT if asked.prompts else 0))
    text = asked.text.removesuffix("\n")
    status = StatusLine()
    try:
        base, *others = [_subject(model, status) for model in models]
        trial = Trial(
            load=loading(scorer, settings, name, status),
            text=text,
            window=window,
            most_windows=asked.most_windows,
            prompts=asked.prompts if others else (),
            folder=folder_of(base, text, window, settings, engine),
            told=lambda progress: status.show(progress_line(progress)),
        )
        with opened_base(base, trial) as opened:
            return [comparing.of_base(opened), *(comparing.compared(opened, other) for other in others)]
    finally:
        status.clear()


def scorer_of(name: str) -> tuple[Scorer, str]:
    """The backend's scorer, and its name and version in words."""
    backend = registry.load(name)
    status, scorer = backend.status(), backend.scorer()
    if not status.available:
        raise EngineUnavailable(f"The backend {name!r} cannot run here.", status.remedy)
    if scorer is None:
        raise Unsupported(f"The backend {name!r} does not tell what its models expect.", "Take a GGUF model.")
    return scorer, f"{name} {status.version}"


def loading(
    scorer: Scorer, settings: EngineSettings, backend: str, status: StatusLine
) -> Callable[[Subject], ScoredModel]:
    """What opens a subject, so that it fits this machine."""

    def load(subject: Subject) -> ScoredModel:
        chosen = default_settings(str(subject.path), settings, backend)
        for notice in chosen.notices:
            status.clear()
            output.note(f"{subject.name}: {notice}")
        status.show(f"loading {subject.name}")
        return scorer.open(str(subject.path), chosen.settings)

    return load


def _subject(model: LocalModel, status: StatusLine) -> Subject:
    status.show(f"reading {model.name}")
    return subject_of(model)


def progress_line(progress: Progress) -> str:
    left = "" if progress.seconds_left is None else f", {wording.duration(progress.seconds_left)} left"
    return f"measuring {progress.subject.name}, {progress.done} of {progress.total}{left}"
