"""The recipes for datasets that come with the workbench, and their operations, one to a file."""
