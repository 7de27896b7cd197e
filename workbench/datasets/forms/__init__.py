"""The forms in which people and programs write rows, and the Row that each means. Decided row by row."""
