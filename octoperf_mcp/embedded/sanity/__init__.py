"""The sanity check of virtual users."""
