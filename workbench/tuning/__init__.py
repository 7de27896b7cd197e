"""The settings that are fastest on this machine: found by measuring, kept as profiles, used by loads.

Searching and comparing are pure; `measuring` opens engines, `profiles` keeps files, `opening` uses them.
"""
