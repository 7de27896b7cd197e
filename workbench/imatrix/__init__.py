"""Importance matrices: how strongly each column of each weight tensor is used, in llama.cpp's files.

Reads GGUF and the older .dat files, which are untrusted, and writes GGUF. Knows no engine.
"""

from __future__ import annotations

from workbench.imatrix.matrix import Entry, ImportanceMatrix, merged
from workbench.imatrix.reading import read_imatrix
from workbench.imatrix.writing import write_imatrix

__all__ = ["Entry", "ImportanceMatrix", "merged", "read_imatrix", "write_imatrix"]
