"""Nouns of the exchange: frozen, without I/O, without third parties."""
