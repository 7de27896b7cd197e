"""The OpenAI-compatible endpoint: Starlette and uvicorn over opened models.

Knows Providers and the wire format; knows no engine, no terminal and no screen.
"""

from workbench.server.app import create_app
from workbench.server.pool.model_pool import ModelPool
from workbench.server.serving import serve

__all__ = ["ModelPool", "create_app", "serve"]
