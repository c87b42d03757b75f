"""Bench runs: start, watch, stop, run files."""
