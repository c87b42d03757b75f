"""Importers: pure functions from bytes to action trees."""
