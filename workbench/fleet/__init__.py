"""One model on many machines: what each kind of cluster is told, so that all of it answers at one address.

Writes specifications and starts nothing. Knows no interface.
"""
