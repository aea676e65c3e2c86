"""Read legacy exports: one file a kind, behind one small protocol."""
