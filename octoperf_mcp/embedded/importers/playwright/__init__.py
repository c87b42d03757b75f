"""Playwright specs: TypeScript or JavaScript, read as tokens and kept as they are."""
