"""The OctoPerf REST API as the caller."""
