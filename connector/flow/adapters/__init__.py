"""Adapters of a node: read from their files, checked, tried, exchanged while the node runs."""
