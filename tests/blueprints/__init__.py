"""Models as blueprints: their headers without files, and files of random weights to load them from.

from tests.blueprints import header, write
from tests.blueprints.models import gpt_oss_20b

header(gpt_oss_20b())
"""

from tests.blueprints.blueprint import Blueprint, header
from tests.blueprints.weights import write

__all__ = ["Blueprint", "header", "write"]
