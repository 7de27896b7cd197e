"""exllamav2 and exllamav3: the tools that make EXL2 and EXL3 folders, run as programs of their own.

Both need an NVIDIA GPU, and importing them builds kernels, so nothing here imports them.
"""
