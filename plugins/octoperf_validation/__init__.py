"""Validation: functional checks and their failing exchanges."""
