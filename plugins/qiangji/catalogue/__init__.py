"""The catalogue: what is collected and measured, as data read from files and checked when it loads.

In: catalogue/*.yaml, catalogue/org_units.csv, expectations/<form>.json. Out: one frozen `Catalogue`.
Each is imported from its module, so that a process loads what it needs: a reader of files needs `models` alone.
"""
