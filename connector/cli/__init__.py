"""The command line: one file a verb, each a thin call into the house."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the program and end the process with the exit status of what happened."""
    from connector.cli.app import run_program

    run_program()
