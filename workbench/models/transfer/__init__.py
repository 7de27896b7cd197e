"""Brings models onto this machine, whole or not at all: resumed, in parallel, hashed while they arrive."""
