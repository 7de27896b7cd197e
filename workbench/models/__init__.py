"""Models on this machine: by which names they are called and where their files are."""

from workbench.models.description import Description, describe
from workbench.models.local import LocalModel, local_models, locate

__all__ = ["Description", "LocalModel", "describe", "local_models", "locate"]
