"""One user, every exchange kept: the course of a validation, and what it found."""
