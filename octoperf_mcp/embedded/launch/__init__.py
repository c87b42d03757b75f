"""What stands before the start of a run: caps of this machine, confirmed targets, previews."""
