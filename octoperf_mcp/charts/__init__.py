"""Charts for pages: uPlot and our script over it, for the web UI and for hosts of MCP Apps."""
