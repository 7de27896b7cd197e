"""Names as Ollama's clients write them: they add a tag where there is none."""

from __future__ import annotations

from workbench.errors import ModelNotFound
from workbench.server.pool.model_pool import ModelPool

_TAG = ":latest"


async def served_name(models: ModelPool, name: str) -> str:
    """The name by which the pool knows the model. Raises ModelNotFound."""
    await models.refresh()
    for candidate in (name, name.removesuffix(_TAG)):
        try:
            return models.model(candidate).name
        except ModelNotFound:
            continue
    raise ModelNotFound(f"model {name[:200]!r} not found.", "GET /api/tags lists those that there are.")
