"""The local-first workbench for language models. Importing it imports nothing else."""

__version__ = "0.1.0"
