"""How MCP travels over HTTP: Streamable HTTP, SSE, sessions, origins, public files."""
