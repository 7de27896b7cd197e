"""The contract before and while it opens a model, on every backend that can run here."""

from workbench.testing.backend_contract import *  # noqa: F403 - the tests are there
