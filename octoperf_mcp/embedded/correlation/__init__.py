"""Correlation: values that a server makes up are extracted at run time instead of replayed."""
