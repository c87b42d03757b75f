"""Guide, skills and schemas, served without credentials."""
