"""Metrics: recorder, store, values of report items."""
