"""Fuzzes the verifier: ``python -m tests.fuzz.fuzz_verify -max_total_time=60 DIRECTORY``."""

from __future__ import annotations

from tests.fuzz.targets import run

if __name__ == "__main__":
    run("verify")
