"""Virtual users that drive a real Chromium: the real Playwright runner, one process tree a user."""
