"""Metrics: what load workers record, how it is kept, and the values of report items.

`sample`, `histogram`, `aggregate`, `spool` and `recorder` run inside load workers and import
nothing but the standard library.
"""
