"""From a sample export to a working adapter: looking, guessing with evidence, writing."""
