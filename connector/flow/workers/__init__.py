"""Processes beside the daemon that seal and check, with keys and memory of their own."""
