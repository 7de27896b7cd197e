"""The file of presets: what it may say, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.duration import seconds_of
from workbench.errors import InvalidRequest
from workbench.models.presets import Preset, read_presets

WRITER = """
[models.writer]
model = "org/repo:Q4_K_M"
aliases = ["gpt-4o", "gpt-4"]
pin = true
ttl = "30m"
system = "Answer briefly."
chat_template = "writer.jinja"
settings = { context_length = 8192, kv_type_k = "q8_0", tensor_overrides = [{pattern = "e", buffer = "CPU"}] }
sampling = { temperature = 0, min_p = 0.05 }
[models."org/other"]
ttl = 90
"""


def read(folder: Path, text: str) -> tuple[Preset, ...]:
    (folder / "presets.toml").write_text(text, encoding="utf-8")
    return read_presets(folder / "presets.toml")


def test_everything_that_a_preset_may_say(tmp_path: Path) -> None:
    (tmp_path / "writer.jinja").write_text("{{ messages }}")
    writer, other = read(tmp_path, WRITER)
    assert (writer.name, writer.model, writer.aliases) == ("writer", "org/repo:Q4_K_M", ("gpt-4o", "gpt-4"))
    assert (writer.pin, writer.ttl, writer.system) == (True, 1800.0, "Answer briefly.")
    assert writer.chat_template == "{{ messages }}" and writer.sampling == {"temperature": 0, "min_p": 0.05}
    assert set(writer.settings) == {"context_length", "kv_type_k", "tensor_overrides"}
    assert writer.settings["tensor_overrides"][0].buffer == "CPU"
    assert other == Preset(name="org/other", model="org/other", ttl=90.0)


@pytest.mark.parametrize(
    ("text", "told", "remedy"),
    [
        ("[model.a]", "model is not known", "Write models."),
        ("[models.a]\npinned = true", "models.a.pinned is not known", "Write pin."),
        ("[models.a]\nzzz = 1", "models.a.zzz is not known", "Use aliases, chat_template, model"),
        (
            "[models.a.settings]\ncontex_length = 1",
            "models.a.settings.contex_length",
            "Write context_length.",
        ),
        ("[models.a.sampling]\ntemprature = 1", "models.a.sampling.temprature", "Write temperature."),
        ("[models.a.settings]\nvocabulary_only = true", "vocabulary_only is not known", "Use"),
        ("[models.a.settings]\nparallel = 0", "models.a.settings is wrong: parallel is 0", "Correct it"),
        ("[models.a.settings]\nparallel = 'two'", "models.a.settings is wrong: Expected `int`", "Correct it"),
        ("[models.a.sampling]\ntop_p = 7", "models.a.sampling is wrong", "Correct it"),
        ("[models.a]\nttl = 'soon'", "models.a.ttl is wrong: 'soon' is no span of time", "Correct it"),
        ("[models.a]\npin = 'yes'", "models.a is wrong: Expected `bool`", "Correct it"),
        ("[models.a]\nchat_template = 'none.jinja'", "chat_template names a file that cannot", "Correct it"),
        ("[models.a]\naliases = ['b']\n[models.b]", "is there twice: b", "Correct it"),
        ("models = 3", "models is wrong", "Correct it"),
        ("[models", "is not valid TOML", "Correct it"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, told: str, remedy: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(tmp_path, text)
    assert told in caught.value.message and "presets.toml" in caught.value.message
    assert caught.value.remedy.startswith(remedy)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Cannot read"):
        read_presets(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("30 d", 2592000)]
)
def test_spans_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "5y", "m", "1e99", "inf", "9" * 400])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(InvalidRequest):
        seconds_of(text)
