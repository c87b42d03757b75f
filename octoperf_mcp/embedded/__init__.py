"""The embedded OctoPerf-compatible platform; the bridge reaches it over HTTP only."""
