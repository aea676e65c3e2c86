"""The kit for authors of adapters and sources: contract suite, golden packets, throw-away keys."""
