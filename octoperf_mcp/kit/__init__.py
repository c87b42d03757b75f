"""The kit of plugin authors: a template, fixtures for pytest, and the contract of a plugin."""
