"""Configuration of nodes and adapters: YAML with positions, settings models, secrets."""
