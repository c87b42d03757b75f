"""`octoperf-mcp doctor`: looks at an installation from outside, as its clients do."""
