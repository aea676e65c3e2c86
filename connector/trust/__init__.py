"""Keys, signatures, certificates, and who may sign for whom."""
