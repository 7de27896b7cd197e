"""The contract of an engine, on every backend that can run here."""

from workbench.testing.engine_contract import *  # noqa: F403 - the tests are there
