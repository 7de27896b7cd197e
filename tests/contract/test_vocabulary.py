"""The contract of a vocabulary without its weights, on every backend that can run here."""

from workbench.testing.vocabulary_contract import *  # noqa: F403 - the tests are there
