"""Worker processes: how they are started, ordered, heard, and kept from telling secrets."""
