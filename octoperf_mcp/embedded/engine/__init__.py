"""The load engine: interpreter of the action tree on Locust, validation, runs."""
