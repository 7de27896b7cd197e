"""`workbench verify`: whether models on this machine are still what they were."""

from __future__ import annotations

import time

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.exit_codes import ExitCode
from workbench.cli.options import json_option
from workbench.cli.terminal import StatusLine
from workbench.models import LocalModel, local_models
from workbench.models.locating import found
from workbench.models.stores import StoredFile
from workbench.models.verification import Verdict, files_to_verify, missing_files, verify

_BASES = {
    "published": "as published",
    "recorded": "as recorded on {since}",
    "structure": "sound; recorded, so that later checks can compare",
}


@click.command(name="verify")
@click.argument("names", metavar="MODEL...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Verify every model on this machine.")
@click.option("--record", is_flag=True, help="Take files without a published hash as right, as they are now.")
@json_option
def verify_models(*, names: tuple[str, ...], every: bool, record: bool, as_json: bool) -> int:
    """Read each MODEL whole and say whether its files are intact.

    They are compared with the hashes they were published under, where the Hugging Face cache, Ollama or
    llama.cpp keep these. Of other files the first verification records the hash, and later ones compare with
    it. With --json each file is one JSON document on a line. The exit code is 4 where something is damaged.
    """
    if every == bool(names):
        raise click.UsageError("Name models, or use --all.")
    verdicts = [
        verdict for model in _models(names) for verdict in _verified(model, record=record, as_json=as_json)
    ]
    damaged = sum(not verdict.sound for verdict in verdicts)
    if not as_json:
        output.note(_summary(len(verdicts), damaged))
    return ExitCode.INVALID_MODEL if damaged else ExitCode.OK


def _models(names: tuple[str, ...]) -> list[LocalModel]:
    """Those that are named, each once, or all."""
    known = local_models()
    if not names:
        return known
    meant = (model for name in names for model in found(name, known))
    return list({model.path: model for model in meant}.values())


def _verified(model: LocalModel, *, record: bool, as_json: bool) -> list[Verdict]:
    verdicts = []
    for absent in missing_files(model):
        _tell(model, absent, as_json)
        verdicts.append(absent)
    for file in files_to_verify(model):
        verdict = _one(file, record)
        _tell(model, verdict, as_json)
        verdicts.append(verdict)
    return verdicts


def _one(file: StoredFile, record: bool) -> Verdict:
    status, started = StatusLine(), time.monotonic()

    def progress(done: int, total: int) -> None:
        speed = done / max(time.monotonic() - started, 0.001)
        share = f"{done / total:.0%}" if total else ""
        status.show(f"{file.path.name}  {share} of {wording.size(total)}, {wording.size(int(speed))}/s")

    try:
        return verify(file, progress, renew=record)
    finally:
        status.clear()


def _tell(model: LocalModel, verdict: Verdict, as_json: bool) -> None:
    if as_json:
        output.json_line(_document(model, verdict))
        return
    basis = _BASES[verdict.basis].format(since=verdict.since) if verdict.sound else verdict.message
    line = f"{verdict.status:<10}  {wording.size(verdict.size_bytes):>9}  {verdict.path}  {basis}"
    output.line(output.on_one_line(line))


def _summary(files: int, damaged: int) -> str:
    checked = f"{files} {'file' if files == 1 else 'files'} verified"
    if not damaged:
        return f"{checked}, all intact."
    return f"{checked}, {damaged} not intact. `workbench rm` and `workbench pull` fetch a model again."


def _document(model: LocalModel, verdict: Verdict) -> dict[str, object]:
    return {
        "model": model.name,
        "path": str(verdict.path),
        "size_bytes": verdict.size_bytes,
        "status": verdict.status,
        "basis": verdict.basis,
        "expected": verdict.expected or None,
        "actual": verdict.actual or None,
        "since": verdict.since or None,
        "message": verdict.message,
    }
