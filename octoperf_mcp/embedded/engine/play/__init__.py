"""One user at play: its program, its variables, and what it shares with others."""
