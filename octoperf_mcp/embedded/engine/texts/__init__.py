"""Texts with variables and functions, compiled once and rendered per use."""
