"""Hand a verified document over to the legacy system, one file a kind, behind one protocol."""
