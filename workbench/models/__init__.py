"""Models on this machine: by which names they are called and where their files are."""

from workbench.models.description import Description, describe, describe_all, describe_unfinished
from workbench.models.local import LocalModel, local_models, unfinished_downloads
from workbench.models.locating import locate
from workbench.models.remotes import known_models, model_named

__all__ = [
    "Description",
    "LocalModel",
    "describe",
    "describe_all",
    "describe_unfinished",
    "known_models",
    "local_models",
    "locate",
    "model_named",
    "unfinished_downloads",
]
