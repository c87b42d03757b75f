"""What the platform calls where somebody else says: which addresses, and how."""
