"""Reports as PDF, printed by a headless Chromium."""
