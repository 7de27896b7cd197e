"""The quant lab's steps, independent of the engine that performs them.

Making files of fewer bits begins with orders (orders.py), which are checked before anything is written
(checking.py) and then made one after the other (making.py). Importance matrices are in calibration.py,
and what a smaller model costs is measured in quality/.
"""
