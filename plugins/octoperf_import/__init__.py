"""Import: recordings and scripts become virtual users."""
