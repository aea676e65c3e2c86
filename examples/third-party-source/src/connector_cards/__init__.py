"""A source for connector: cards, blocks of lines ``name: value``."""
