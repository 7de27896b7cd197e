"""Opened models: one process for each loaded engine, one face for all of them."""

from workbench.runtime.opening import open_model

__all__ = ["open_model"]
