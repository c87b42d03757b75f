"""Imports: pure functions from bytes to virtual users, servers and recorded bodies."""
