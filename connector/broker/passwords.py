"""Passwords in the form that RabbitMQ stores and imports."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

__all__ = ["ALGORITHM", "new_password", "password_hash"]

ALGORITHM: Final = "rabbit_password_hashing_sha256"


def new_password() -> str:
    """Return a random password of 192 bits."""
    return secrets.token_urlsafe(24)


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return base64 of a 4-byte salt and SHA-256 over salt and password."""
    chosen = secrets.token_bytes(4) if salt is None else salt
    return base64.b64encode(chosen + hashlib.sha256(chosen + password.encode()).digest()).decode()
