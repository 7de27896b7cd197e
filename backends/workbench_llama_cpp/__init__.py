"""The llama.cpp engine, on the low-level C functions that llama-cpp-python binds.

What it is for the workbench is in `backend`. Importing the package alone costs nothing, as its helper
processes want it.
"""
