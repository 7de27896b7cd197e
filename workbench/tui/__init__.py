"""The terminal app. It shows and asks; what it shows is found out and done by the rest of the workbench."""
