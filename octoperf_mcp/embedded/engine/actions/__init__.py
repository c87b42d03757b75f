"""The action tree, compiled: requests, containers, extractors, assertions, logic."""
