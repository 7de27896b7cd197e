"""What rows become for the model they are meant for: its own template and vocabulary, out of its own file."""
