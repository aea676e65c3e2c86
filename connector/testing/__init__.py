"""Kit for authors of adapters and sources; it stands outside the house, nothing inside knows it."""
