"""A PKCS#11 module (the vendor's shared library) in this process: its tokens, logins, sessions.

What the standard leaves to the caller is kept here:

* The library is initialised without locking of its own (python-pkcs11 offers nothing else), so
  every call into it is made under the module's one lock.
* A login counts for all sessions of the process on a token, and a logout ends it for all: one
  session logs in and stays open, the others are opened without a PIN.
* Handles do not survive a fork: a child starts over with a library state of its own.
* A token that was pulled is seen again only by a library that is initialised again.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from connector.errors import ConfigError, UnavailableError
from connector.trust import key_codes as codes

if TYPE_CHECKING:
    from pkcs11 import Session, Slot, Token

__all__ = ["Module", "TokenName", "module_at"]


class TokenName:
    """Which token: by its label or by the number of its slot."""

    def __init__(self, *, label: str | None = None, slot: int | None = None) -> None:
        self.label: Final = label
        self.slot: Final = slot

    def fits(self, token: Token) -> bool:
        """Tell whether it names this token."""
        if self.slot is not None:
            return int(token.slot.slot_id) == self.slot
        return token.label == self.label

    def __str__(self) -> str:
        """Return the beginning of its PKCS#11 URI (RFC 7512)."""
        return f"pkcs11:slot-id={self.slot}" if self.label is None else f"pkcs11:token={self.label}"


class Module:
    """One loaded library; take `lock` around every use of what it returns.

    `generation` grows whenever all handles became void.
    """

    def __init__(self, path: str) -> None:
        import pkcs11

        self.lock = threading.RLock()
        self.generation = 0
        self._error: Final = pkcs11.PKCS11Error
        self._inherited = False
        self._logins: dict[int, Session] = {}
        self._refused: Final[set[tuple[str, bytes]]] = set()
        try:
            self._library = pkcs11.lib(path)
        except pkcs11.PKCS11Error as error:
            reason = str(error) or type(error).__name__
            raise ConfigError(codes.MODULE_UNUSABLE.at(path, reason=reason)) from error
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        """Forget everything in a child: its parent's lock may be held, its handles are not its."""
        self.lock = threading.RLock()
        self.generation += 1
        self._inherited = True
        self._logins = {}

    def restart(self, generation: int) -> None:
        """Initialise the library again, unless that happened since `generation`."""
        with self.lock:
            if generation != self.generation:
                return
            self.generation += 1
            self._logins = {}
            with suppress(self._error):  # it may be lost already
                self._library.finalize()
            self._library.initialize()
            self._inherited = False

    def token(self, name: TokenName) -> Token:
        """Return a token that is present; raises UnavailableError if it is not."""
        if self._inherited:
            self.restart(self.generation)
        present = list(self._tokens())
        fitting = [token for token in present if name.fits(token)]
        if len(fitting) != 1:
            shown = ", ".join(f"{token.label} (slot {token.slot.slot_id})" for token in present)
            raise UnavailableError(codes.TOKEN_ABSENT.at(str(name), present=shown or "-"))
        return fitting[0]

    def _tokens(self) -> Iterator[Token]:
        for slot in self._library.get_slots():
            token = self._token_in(slot)
            if token is not None and token.label:
                yield token

    def _token_in(self, slot: Slot) -> Token | None:
        try:
            return slot.get_token()
        except self._error:
            return None

    def open(self, name: TokenName, pin: Callable[[], str], *, writable: bool = False) -> Session:
        """Open a session on a token, logged in; raises ConfigError if the PIN must not be used."""
        token = self.token(name)
        self._log_in(token, str(name), pin)
        return token.open(rw=writable)

    def _log_in(self, token: Token, place: str, pin: Callable[[], str]) -> None:
        from pkcs11 import exceptions

        slot = int(token.slot.slot_id)
        if slot in self._logins:
            return
        secret = pin()
        attempt = (token.label, hashlib.sha256(secret.encode()).digest())
        if attempt in self._refused:
            raise ConfigError(codes.PIN_WRONG.at(place))
        _check_tries(int(token.flags), place)
        try:
            self._logins[slot] = token.open(user_pin=secret)
        except exceptions.UserAlreadyLoggedIn:
            self._logins[slot] = token.open()
        except (exceptions.PinIncorrect, exceptions.PinLenRange, exceptions.PinInvalid) as error:
            self._refused.add(attempt)
            raise ConfigError(codes.PIN_WRONG.at(place)) from error
        except (exceptions.PinLocked, exceptions.PinExpired) as error:
            raise ConfigError(codes.PIN_LOCKED.at(place)) from error

    def close(self, session: Session, generation: int) -> None:
        """Close a session that nobody uses any more, if its handle is still its own."""
        with self.lock:
            if generation == self.generation:
                with suppress(self._error):
                    session.close()


def _check_tries(flags: int, place: str) -> None:
    from pkcs11 import TokenFlag

    if flags & TokenFlag.USER_PIN_LOCKED:
        raise ConfigError(codes.PIN_LOCKED.at(place))
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        raise ConfigError(codes.PIN_LAST_TRY.at(place))


# A shared library has one state per process, whoever loads it: so there is one Module for it.
_LOADED: Final[dict[str, Module]] = {}
_LOADING: Final = threading.Lock()


def module_at(path: Path) -> Module:
    """Return the module of a shared library, loaded once per process.

    Raises ConfigError if the extra is missing or the file is no PKCS#11 module.
    """
    try:
        import pkcs11  # noqa: F401 - is it installed?
    except ImportError as error:
        raise ConfigError(codes.EXTRA_MISSING.at(str(path))) from error
    real = str(path.resolve())
    with _LOADING:
        if real not in _LOADED:
            _LOADED[real] = Module(real)
        return _LOADED[real]
