"""The families that can be converted, each by the architectures that config.json may name."""

from __future__ import annotations

from workbench.conversion.families.bert import Bert, Roberta, XlmRoberta
from workbench.conversion.families.deepseek import DeepSeekV2, DeepSeekV3
from workbench.conversion.families.gemma import Gemma2, Gemma3
from workbench.conversion.families.glm import Glm4
from workbench.conversion.families.granite import Granite
from workbench.conversion.families.llama import Llama, Mistral, SmolLM3
from workbench.conversion.families.mixtral import Mixtral
from workbench.conversion.families.olmo import Olmo, Olmo2, Olmo3
from workbench.conversion.families.phi import Phi3
from workbench.conversion.families.qwen import Qwen2, Qwen3
from workbench.conversion.families.qwen_moe import Qwen2Moe, Qwen3Moe
from workbench.conversion.family import Family
from workbench.conversion.json_file import Entries
from workbench.errors import Unsupported

FAMILIES: tuple[type[Family], ...] = (
    Llama, SmolLM3, Mistral, Mixtral, Qwen2, Qwen2Moe, Qwen3, Qwen3Moe, Gemma2, Gemma3, Phi3, Granite, Olmo,
    Olmo2, Olmo3, Glm4, DeepSeekV2, DeepSeekV3, Bert, Roberta, XlmRoberta,
)  # fmt: skip
_BY_NAME = {name: family for family in FAMILIES for name in family.accepts}


def family_of(config: Entries) -> Family:
    """The family of the model with this config.json; raises Unsupported where none is known."""
    names = [name for name in config.items("architectures") if isinstance(name, str)]
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name](config)
    named = f"The architecture {', '.join(names)}" if names else "A model without an architecture"
    raise Unsupported(f"{named} is not known.", f"Known are: {', '.join(sorted(_BY_NAME))}.")
