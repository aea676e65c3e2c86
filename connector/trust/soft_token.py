"""A token in software (SoftHSM2) for the demonstration and for tests, with keys made on it."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connector.errors import ConfigError
from connector.trust import key_codes as codes
from connector.trust.pkcs11_module import TokenName, module_at

if TYPE_CHECKING:
    from pkcs11 import Session

__all__ = ["PublicKey", "SoftToken", "find_soft_module", "new_soft_token"]

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_PROGRAM: Final = "softhsm2-util"
_PLACES: Final = (
    "lib/softhsm/libsofthsm2.so",
    "lib/*/softhsm/libsofthsm2.so",
    "lib64/softhsm/libsofthsm2.so",
    "lib64/pkcs11/libsofthsm2.so",
    "local/lib/softhsm/libsofthsm2.so",
)
_VARIABLE: Final = "SOFTHSM2_CONF"
_CURVES: Final = {"p256": "secp256r1", "p384": "secp384r1"}

_KeyType = Literal["rsa2048", "rsa3072", "p256", "p384"]


@dataclass(frozen=True, slots=True)
class SoftToken:
    """A software token below a directory; only a process with `variables` in force sees it."""

    directory: Path
    label: str
    module: Path
    public_keys: dict[str, PublicKey] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        """SoftHSM2's configuration file."""
        return self.directory / "softhsm2.conf"

    @property
    def pin_file(self) -> Path:
        """File with the user's PIN."""
        return self.directory / "token.pin"

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which the module finds the token."""
        return {_VARIABLE: str(self.configuration)}

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let this process, and those that it starts meanwhile, see the token."""
        before = os.environ.get(_VARIABLE)
        os.environ.update(self.variables)
        try:
            yield
        finally:
            del os.environ[_VARIABLE]
            if before is not None:
                os.environ[_VARIABLE] = before

    def read_pin(self) -> str:
        """Return the user's PIN."""
        return self.pin_file.read_text("ascii")


def find_soft_module() -> Path:
    """Return SoftHSM2's library; raises ConfigError, which says what to install."""
    if shutil.which(_PROGRAM):
        for place in _PLACES:
            for path in sorted(Path("/usr").glob(place)):
                return path
    raise ConfigError(codes.SOFT_TOKEN_MISSING.at())


def new_soft_token(
    directory: Path, label: str, keys: Sequence[str], *, key_type: _KeyType = "rsa2048"
) -> SoftToken:
    """Make a token with one key pair for each label of `keys`; `directory` must be new.

    Raises ConfigError if SoftHSM2 is missing or the token cannot be made.
    """
    token = SoftToken(directory, label, find_soft_module())
    try:
        directory.mkdir(mode=stat.S_IRWXU, parents=True)
        (directory / "tokens").mkdir(mode=stat.S_IRWXU)
        token.configuration.write_text(_configuration(directory), encoding="utf-8")
        token.pin_file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        token.pin_file.write_text(f"{secrets.randbelow(10**8):08}", encoding="ascii")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.SOFT_TOKEN_FAILED.at(str(directory), reason=reason)) from error
    _initialise(token)
    with token.in_force():
        token.public_keys.update(_make_keys(token, keys, key_type))
    return token


def _configuration(directory: Path) -> str:
    return (
        f"directories.tokendir = {directory / 'tokens'}\n"
        "objectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    )


def _initialise(token: SoftToken) -> None:
    pins = ["--pin", token.read_pin(), "--so-pin", secrets.token_hex(8)]
    run = subprocess.run(
        [_PROGRAM, "--init-token", "--free", "--label", token.label, *pins],
        env={**os.environ, **token.variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if run.returncode:
        reason = (run.stderr or run.stdout).strip().partition("\n")[0]
        raise ConfigError(codes.SOFT_TOKEN_FAILED.at(str(token.directory), reason=reason))


def _make_keys(
    token: SoftToken, labels: Sequence[str], key_type: _KeyType
) -> Iterator[tuple[str, PublicKey]]:
    from pkcs11 import PKCS11Error

    module = module_at(token.module)
    with module.lock:
        try:
            module.restart(module.generation)
            session = module.open(TokenName(label=token.label), token.read_pin, writable=True)
            for number, label in enumerate(labels, start=1):
                yield label, _make_key(session, label, bytes([number]), key_type)
            module.close(session, module.generation)
        except PKCS11Error as error:
            place, reason = str(token.directory), type(error).__name__
            raise ConfigError(codes.SOFT_TOKEN_FAILED.at(place, reason=reason)) from error


def _make_key(session: Session, label: str, key_id: bytes, key_type: _KeyType) -> PublicKey:
    from pkcs11 import Attribute, KeyType
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
    from pkcs11.util.rsa import encode_rsa_public_key

    named: dict[str, Any] = {"store": True, "label": label, "id": key_id}
    curve = _CURVES.get(key_type)
    if curve is None:
        public, _ = session.generate_keypair(KeyType.RSA, int(key_type[3:]), **named)
        return _loaded(encode_rsa_public_key(public))
    parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
    domain = session.create_domain_parameters(KeyType.EC, parameters, local=True)
    public, _ = domain.generate_keypair(**named)
    return _loaded(encode_ec_public_key(public))


def _loaded(data: bytes) -> PublicKey:
    key = load_der_public_key(data)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError(key)
    return key
