"""Datasets for fine-tuning: rows, the operations on them, and the recipes that put operations in order.

`row` and `operation` are the contract that operations keep. Knows no operation and no trainer by name.
"""
