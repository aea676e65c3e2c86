"""The daemon around the corridors: threads, signals, readiness, health, logs."""
