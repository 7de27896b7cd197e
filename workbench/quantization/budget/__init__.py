"""The best file for a number of bytes: a type for each group of tensors, by what each type costs there.

How much a group matters is measured: it alone is made smaller, and its model compared with the base. What the
other types would cost follows from how much more or less they change the weights (sensitivity.py), since
divergence grows as the square of the change. What fits best is then an exact search (knapsack.py).
"""
