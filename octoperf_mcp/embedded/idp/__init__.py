"""The identity provider: registration, sign-in, consent, tokens, keys."""
