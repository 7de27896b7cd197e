"""Which projector a model is loaded with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llama_cpp import tiny_models, tiny_projectors
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, ModelNotFound
from workbench.models import locate
from workbench.models.projectors import projector_named, with_projector


def test_the_one_beside_a_model_is_taken_unless_another_is_named(tmp_path: Path) -> None:
    model = tiny_models.llama(tmp_path / "see.gguf")
    beside = str(tiny_projectors.llava(tmp_path / "mmproj-F16.gguf"))
    found = with_projector(EngineSettings(), locate(str(model)))
    assert (found.projector, found.projector_found) == (beside, True)
    for named in ("", "/elsewhere/mmproj.gguf"):
        kept = with_projector(EngineSettings(projector=named), locate(str(model)))
        assert (kept.projector, kept.projector_found) == (named, False)


def test_it_is_named_by_its_file_or_its_model(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    alone = tiny_models.llama(tmp_path / "alone" / "blind.gguf")
    model = tiny_models.llama(tmp_path / "see.gguf")
    beside = str(tiny_projectors.llava(tmp_path / "mmproj-F16.gguf"))
    assert projector_named(beside) == projector_named(str(model)) == beside
    assert projector_named("none") == projector_named("") == ""
    with pytest.raises(InvalidRequest, match="has no projector"):
        projector_named(str(alone))
    with pytest.raises(ModelNotFound):
        projector_named(str(tmp_path / "missing.gguf"))
