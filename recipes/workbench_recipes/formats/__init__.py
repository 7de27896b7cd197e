"""One format to a file: how rows are written for a trainer, and what the trainer is started with."""
