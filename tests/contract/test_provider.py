"""The contract of a provider, on every backend that can run here."""

from workbench.testing.provider_contract import *  # noqa: F403 - the tests are there
