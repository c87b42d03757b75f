"""Postman collections, formats v2.0 and v2.1."""
