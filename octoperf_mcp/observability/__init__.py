"""Logs, request log, metrics, health."""
