"""Runs recipes: the input part by part, in several processes, then what concerns all rows, then the files.

What is done is kept beside the output until all is, so a run that was interrupted goes on where it stopped.
"""
