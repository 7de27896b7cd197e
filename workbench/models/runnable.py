"""Whether an engine of the workbench could open a model, and if not, which other one could."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from workbench import registry
from workbench.errors import InvalidModel, ModelNotFound
from workbench.models.folder_facts import folder_facts
from workbench.models.local import LocalModel
from workbench.models.locating import model_at
from workbench.models.weight_formats import FORMATS, PICKLED, WeightFormat, weight_format

_ADDRESS = "and give the address, as in `workbench run http://HOST:PORT/v1`"


def runnable(model: LocalModel) -> LocalModel:
    """The model itself. Raises InvalidModel for weights that no engine opens, with what else there is."""
    form = weight_format(model.place)
    if form is None or model.address or _is_known(model):
        return model
    if form is FORMATS["pickle"]:
        raise InvalidModel(
            f"{model.name} holds {PICKLED}",
            "Take the model in safetensors or GGUF.",
        )
    raise InvalidModel(
        f"{model.name} holds {_named(form, model)} weights, which no engine of the workbench runs.",
        _remedy(form),
    )


def check_location(location: str) -> None:
    """As `runnable`, of what lies at a path; nothing else that may be wrong with it is told."""
    with suppress(ModelNotFound):
        if Path(location).exists():
            runnable(model_at(Path(location)))


def _is_known(model: LocalModel) -> bool:
    try:
        return bool(registry.name_for(str(model.path)))
    except ModelNotFound:
        return False


def _named(form: WeightFormat, model: LocalModel) -> str:
    """Such as "AWQ 4 bit", or "BF16 safetensors"."""
    quantization = folder_facts(model.place).quantization if model.path.is_dir() else ""
    whole = quantization.lower().startswith(form.name.lower())
    return quantization if whole else f"{quantization} {form.name}".strip()


def _remedy(form: WeightFormat) -> str:
    serve = f"erve them with {form.engines} {_ADDRESS}."
    return f"Make a GGUF file of them with `workbench convert`, or s{serve}" if form.converts else f"S{serve}"
