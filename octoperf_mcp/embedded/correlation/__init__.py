"""Correlation: plants extractors and injects captured values."""
