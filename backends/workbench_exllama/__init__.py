"""exllamav2 and exllamav3: EXL2 and EXL3 folders run, and made by their own tools.

Both need an NVIDIA GPU, and importing them builds kernels: they are imported when a model is opened, or run
as programs of their own.
"""
