"""Runs as the platform knows them: what they play, what they leave, who is told."""
