"""References to secrets: what a configuration says instead of a password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from connector.config import codes
from connector.config.file_access import open_to_others
from connector.config.settings import LocalPath, SettingProblem, Settings
from connector.errors import ConfigError, Finding

__all__ = ["SecretRef", "check", "check_access", "resolve"]


class SecretRef(Settings):
    """Where a secret is: a file, an environment variable or a systemd credential."""

    file: LocalPath | None = Field(
        default=None,
        title="Tệp chứa thông tin mật",
        description="File that holds the secret; one line break at its end is not part of it.",
    )
    env: str | None = Field(
        default=None,
        title="Biến môi trường",
        description="Environment variable that holds the secret.",
        min_length=1,
    )
    credential: str | None = Field(
        default=None,
        title="Credential của systemd",
        description="Name of a systemd credential ($CREDENTIALS_DIRECTORY/NAME).",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]*$",
    )

    @model_validator(mode="before")
    @classmethod
    def _never_inline(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise SettingProblem(codes.INLINE_SECRET)
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(given is not None for given in (self.file, self.env, self.credential)) != 1:
            raise SettingProblem(codes.SECRET_REFERENCE)
        return self

    def __str__(self) -> str:
        """Return the reference, never the secret."""
        if self.file is not None:
            return str(self.file)
        return f"${self.env}" if self.env is not None else f"credential:{self.credential}"


def resolve(ref: SecretRef, *, environ: Mapping[str, str] | None = None) -> str:
    """Return the secret itself; raises ConfigError if it is absent, unreadable or empty."""
    environment = os.environ if environ is None else environ
    if ref.env is not None:
        if ref.env not in environment:
            raise _unreadable(ref, f"${ref.env} is not defined")
        value = environment[ref.env]
    else:
        value = _read(ref, _path(ref, environment))
    if not value:
        raise ConfigError(codes.SECRET_EMPTY.at(str(ref), reference=str(ref)))
    return value


def check(ref: SecretRef, *, environ: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with a secret, and a warning if its file is open to others."""
    try:
        resolve(ref, environ=environ)
    except ConfigError as error:
        return error.findings
    return check_access(ref)


def check_access(ref: SecretRef) -> tuple[Finding, ...]:
    """Return a warning if a secret's file is open to others than its owner; it is not read."""
    if ref.file is None:
        return ()
    try:
        descriptor = os.open(ref.file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ()  # told where the secret is read
    try:
        others = open_to_others(descriptor)
    finally:
        os.close(descriptor)
    return (codes.SECRET_OPEN_TO_ALL.at(str(ref.file), path=str(ref.file)),) if others else ()


def _path(ref: SecretRef, environ: Mapping[str, str]) -> Path:
    if ref.file is not None:
        return ref.file
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise _unreadable(ref, "$CREDENTIALS_DIRECTORY is not defined")
    return Path(directory) / str(ref.credential)


def _read(ref: SecretRef, path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise _unreadable(ref, error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise _unreadable(ref, "not UTF-8") from error
    return text.removesuffix("\n").removesuffix("\r")


def _unreadable(ref: SecretRef, reason: str) -> ConfigError:
    return ConfigError(codes.SECRET_UNREADABLE.at(str(ref), reason=reason))
