"""Verdicts over runs: comparison, capacity, change points, thresholds."""
