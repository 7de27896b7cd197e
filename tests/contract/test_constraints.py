"""The contract of answers that must look like something, on every backend that can run here."""

from workbench.testing.constraints_contract import *  # noqa: F403 - the tests are there
