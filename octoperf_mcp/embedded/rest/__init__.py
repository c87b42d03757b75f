"""The REST API: one module per root of OctoPerf's."""
