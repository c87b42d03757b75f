"""MCP messages, no HTTP: one module per chapter of the specification."""
