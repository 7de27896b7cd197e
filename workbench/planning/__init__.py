"""What a model would take in memory, whether that fits, and which settings serve best.

Formulas and searches are pure; `estimates` brings in the engine, `defaults` this machine.
"""
