"""`workbench run` with images, and how the projector is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chat.test_media_template import QWEN
from tests.cli.process import Workbench
from tests.llama_cpp import tiny_models, tiny_projectors
from tests.media_files import png, wav

pytestmark = pytest.mark.slow


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """With its projector beside it."""
    (tmp_path / "template.jinja").write_text(QWEN)
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "a.wav").write_bytes(wav(1))
    tiny_projectors.qwen2vl(tmp_path / "mmproj-F16.gguf")
    return tiny_models.qwen2vl(tmp_path / "see.gguf")


def asked(workbench: Workbench, model: Path, *options: str) -> tuple[int, int, str]:
    """The exit code, the tokens of the prompt, and what was said beside the answer."""
    template = str(model.with_name("template.jinja"))
    done = workbench(
        "run", str(model), "What?", "--json", "--max-tokens", "4", "--chat-template", template, *options
    )
    tokens = json.loads(done.stdout)["usage"]["prompt_tokens"] if done.stdout else 0
    return done.returncode, tokens, done.stderr


def test_images_are_asked_about(workbench: Workbench, model: Path) -> None:
    image = ("--image", str(model.with_name("a.png")))
    none, one, two = (asked(workbench, model, *image * count)[1] for count in range(3))
    assert none < one and two - one == one - none
    named = ("--projector", str(model.with_name("mmproj-F16.gguf")))
    assert asked(workbench, model, *image, *named)[1] == one
    assert asked(workbench, model, *image, "--projector", str(model))[1] == one


def test_what_cannot_be_is_told(workbench: Workbench, model: Path) -> None:
    image = ("--image", str(model.with_name("a.png")))
    code, _, said = asked(workbench, model, *image, "--projector", "none")
    assert code == 2 and "sees no images" in said
    code, _, said = asked(workbench, model, "--audio", str(model.with_name("a.wav")))
    assert code == 2 and "hears no sounds" in said
    template = str(model.with_name("template.jinja"))
    code, _, said = asked(workbench, model, "--image", template)
    assert code == 2 and f"{template} is no image" in said
    code, _, said = asked(workbench, model, *image, "--raw")
    assert code == 2 and "--raw" in said


def test_the_projector_is_shown_and_counted(workbench: Workbench, model: Path) -> None:
    shown = json.loads(workbench("show", str(model), "--json").stdout)
    assert shown["projector"] == str(model.with_name("mmproj-F16.gguf"))
    without, beside = (
        json.loads(workbench("fit", str(model), "--json", *more).stdout)["host"]["total_bytes"]
        for more in ((), ("--projector", shown["projector"]))
    )
    assert beside > without
