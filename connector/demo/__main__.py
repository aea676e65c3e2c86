"""``python -m connector.demo DIRECTORY`` writes the small sample exports below a directory."""

from __future__ import annotations

import sys
from pathlib import Path

from connector.demo.material import build_samples

__all__: list[str] = []

if __name__ == "__main__":
    build_samples(Path(sys.argv[1]))
