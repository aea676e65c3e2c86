"""Agencies whose keys were made on a real software token (SoftHSM2) and never leave it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from connector.clock import VIETNAM, ManualClock
from connector.config.secrets import SecretRef
from connector.edxml.writer import write
from connector.model.envelope import (
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
    TraceHeader,
)
from connector.model.packet import Packet
from connector.trust.keys import SigningKey, load_key
from connector.trust.pkcs11_module import Module, module_at
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.registry import Trust, load_trust
from connector.trust.settings import Pkcs11Key
from connector.trust.soft_token import SoftToken, new_soft_token

CLOCK: Final = ManualClock()
ORGANS: Final = (("G22", "Văn phòng Chính phủ"), ("H41", "Ủy ban nhân dân tỉnh Nghệ An"))


class TokenParty:
    """Two agencies with their keys on one token."""

    def __init__(self, directory: Path, key_type: Any) -> None:
        codes = [code for code, _ in ORGANS]
        self.token: SoftToken = new_soft_token(
            directory / "token", "kho khóa", codes, key_type=key_type
        )
        self.pki: DevPki = new_dev_pki(
            directory / "pki",
            ORGANS,
            clock=CLOCK,
            key_type=key_type,
            public_keys=self.token.public_keys,
        )
        self.trust: Trust = load_trust(self.pki.anchors_dir, self.pki.registry_file)
        self.module: Module = module_at(self.token.module)
        self.now: dt.datetime = CLOCK.now()

    def settings(self, code: str = "G22", **changes: Any) -> Pkcs11Key:
        """Return the settings of an agency's key, with changes."""
        values: dict[str, Any] = {
            "type": "pkcs11",
            "module": self.token.module,
            "token_label": self.token.label,
            "key_label": code,
            "pin": SecretRef(file=self.token.pin_file),
            "certificate_file": self.pki.certificate_file(code),
        }
        return Pkcs11Key(**{**values, **changes})

    def load(self, code: str = "G22", **changes: Any) -> SigningKey:
        """Load an agency's key."""
        return load_key(self.settings(code, **changes), now=self.now)


@pytest.fixture(scope="session")
def rsa_party(tmp_path_factory: pytest.TempPathFactory) -> TokenParty:
    """Agencies with RSA keys."""
    return TokenParty(tmp_path_factory.mktemp("rsa"), "rsa2048")


@pytest.fixture(scope="session")
def ec_party(tmp_path_factory: pytest.TempPathFactory) -> TokenParty:
    """Agencies with P-256 keys."""
    return TokenParty(tmp_path_factory.mktemp("ec"), "p256")


@pytest.fixture
def party(ec_party: TokenParty) -> Iterator[TokenParty]:
    """Agencies with P-256 keys, their token plugged in."""
    with plugged_in(ec_party):
        yield ec_party


@pytest.fixture(params=["rsa2048", "p256"])
def any_party(
    request: pytest.FixtureRequest, rsa_party: TokenParty, ec_party: TokenParty
) -> Iterator[TokenParty]:
    """Agencies with RSA and with P-256 keys, their token plugged in."""
    chosen = rsa_party if request.param == "rsa2048" else ec_party
    with plugged_in(chosen):
        yield chosen


@pytest.fixture
def new_party(tmp_path: Path) -> Iterator[Callable[[str], TokenParty]]:
    """A maker of agencies with a token of their own, plugged in until the test ends."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(key_type: str = "p256") -> TokenParty:
            made = TokenParty(tmp_path / "own", key_type)
            stack.enter_context(plugged_in(made))
            return made

        yield make


@pytest.fixture
def packet() -> Packet:
    """A packet of G22 to H41."""
    document = Document(
        sender=Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),
        receivers=(Organization(organ_id="H41", organ_name="Ủy ban nhân dân tỉnh Nghệ An"),),
        code=DocumentCode("05", "VPCP-KSTT"),
        promulgation=Promulgation("Hà Nội", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="Về việc ký số bằng khóa trên thiết bị",
        signer=Signer(full_name="Nguyễn Văn A"),
        document_id="G22,2026/01/05,05/VPCP-KSTT",
        traces=(TraceHeader("G22", CLOCK.now().astimezone(VIETNAM)),),
    )
    return Packet((write(document),), document)


class plugged_in:  # noqa: N801 - reads like a verb where it is used
    """The token of some agencies in the reach of this process."""

    def __init__(self, party: TokenParty) -> None:
        self._party = party
        self._force = party.token.in_force()

    def __enter__(self) -> None:
        self._force.__enter__()
        with self._party.module.lock:
            self._party.module.restart(self._party.module.generation)

    def __exit__(self, *error: object) -> None:
        self._force.__exit__(None, None, None)
