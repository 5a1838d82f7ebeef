"""The functions that generated modules carry: the printer copies their source, transitively.

NumPy and the standard library only.  Every top-level name here is unique across the modules, so
that any selection of definitions can stand side by side at the foot of one generated file.
"""
