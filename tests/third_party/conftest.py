"""The plugins here are distributions of their own; their tests run where they are installed."""

collect_ignore = ["delivery"]
