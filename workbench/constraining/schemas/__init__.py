"""JSON Schemas put into words that llguidance can hold an answer to.

What it does not know, such as `not`, `if` or `contains`, is said as alternatives of what it does know.
Answers then keep to the schema, though not every value that it allows can be had. Knows no grammar.
"""
