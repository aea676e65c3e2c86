"""Compares both ways of verification: ``python -m tests.fuzz.fuzz_ways DIRECTORY``."""

from __future__ import annotations

from tests.fuzz.targets import run

if __name__ == "__main__":
    run("ways")
