"""The web UI: one page for every deep link."""
