"""The recipes for datasets that come with the workbench, and their operations, one to a file."""

from importlib.resources import files

RECIPES = files(__name__) / "recipes"
"""The folder of the recipes, each a TOML file."""
