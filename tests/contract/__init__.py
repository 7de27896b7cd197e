"""Every backend keeps the contract."""
