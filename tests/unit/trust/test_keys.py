from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from connector.config.secrets import SecretRef
from connector.config.yaml_source import parse_yaml
from connector.errors import ConfigError
from connector.model.packet import Packet
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki
from connector.trust.registry import Trust
from connector.trust.settings import KeySettings, PemKey, Pkcs12Key, parse_key_settings
from connector.trust.sign import seal
from connector.trust.verify import verify

Issue = Callable[..., SigningKey]
PASSWORD = b"mat khau"


class Shelf:
    """Writes keys and certificates into files and loads them as an agency would."""

    def __init__(self, directory: Path, now: dt.datetime) -> None:
        self.key_file = directory / "a.key"
        self.certificate_file = directory / "a.crt"
        self.pkcs12_file = directory / "a.p12"
        self.password_file = directory / "password"
        self.now = now

    def write_key(
        self, private: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None
    ) -> None:
        """Write a private key that only its owner can read."""
        form = PrivateFormat.PKCS8
        self.write(
            self.key_file, private.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
        )

    def write_chain(self, *chain: x509.Certificate) -> None:
        """Write certificates as PEM."""
        pems = [each.public_bytes(Encoding.PEM) for each in chain]
        self.write(self.certificate_file, b"".join(pems))

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of mode 0600."""
        path.write_bytes(data)
        path.chmod(0o600)

    def reference(self, password: bytes | None) -> SecretRef | None:
        """Write a password into a file and return its reference."""
        if password is None:
            return None
        self.write(self.password_file, password + b"\n")
        return SecretRef(file=self.password_file)

    def pem(self, password: bytes | None = None) -> SigningKey:
        """Load the PEM files."""
        return self.load(
            PemKey(
                type="pem",
                key_file=self.key_file,
                certificate_file=self.certificate_file,
                password=self.reference(password),
            )
        )

    def pkcs12(self, password: bytes | None = None) -> SigningKey:
        """Load the PKCS#12 file."""
        settings = Pkcs12Key(
            type="pkcs12", file=self.pkcs12_file, password=self.reference(password)
        )
        return self.load(settings)

    def load(self, settings: KeySettings) -> SigningKey:
        """Load whatever settings name."""
        return load_key(settings, now=self.now)

    def refusal(self, password: bytes | None = None) -> str:
        """Return the code with which the PEM files are refused."""
        with pytest.raises(ConfigError) as caught:
            self.pem(password)
        return caught.value.code


@pytest.fixture
def shelf(tmp_path: Path, now: dt.datetime) -> Shelf:
    """A directory for keys."""
    return Shelf(tmp_path, now)


def test_facts_of_a_loaded_key(keys: dict[str, SigningKey], now: dt.datetime) -> None:
    """A key tells its subject, serial, fingerprint and end, and never itself."""
    key = keys["G22"]
    assert key.subject.startswith("serialNumber=G22,CN=Văn phòng Chính phủ")
    assert len(key.fingerprint) == 64
    assert int(key.serial, 16) == key.certificate.serial_number
    assert key.not_after > now + dt.timedelta(days=700)
    assert key.facts.sha256 == key.fingerprint
    assert "private" not in repr(key)


def test_an_encrypted_pem_key(shelf: Shelf, issue: Issue) -> None:
    """The password comes by reference; without it or with a wrong one the key stays closed."""
    key = issue()
    shelf.write_key(key.private, BestAvailableEncryption(PASSWORD))
    shelf.write_chain(*key.chain)
    assert shelf.pem(PASSWORD).fingerprint == key.fingerprint
    assert shelf.refusal() == "EDX-3004"
    assert shelf.refusal(b"khac") == "EDX-3004"


def test_a_needless_password(shelf: Shelf, issue: Issue) -> None:
    """A password for a key that has none does no harm."""
    key = issue()
    shelf.write_key(key.private)
    shelf.write_chain(*key.chain)
    assert shelf.pem(PASSWORD).fingerprint == key.fingerprint


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_pkcs12(
    *,
    password: bytes | None,
    shelf: Shelf,
    pki: DevPki,
    keys: dict[str, SigningKey],
    packet: Packet,
    trust: Trust,
) -> None:
    """A PKCS#12 file gives the same key; the root that usually lies in it does not travel."""
    key = keys["G22"]
    root = x509.load_pem_x509_certificate((pki.anchors_dir / "root.crt").read_bytes())
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    others = [root, *key.intermediates]
    data = pkcs12.serialize_key_and_certificates(
        b"G22", key.private, key.certificate, others, encryption
    )
    shelf.write(shelf.pkcs12_file, data)
    loaded = shelf.pkcs12(password)
    assert loaded.chain == key.chain
    assert verify(seal(packet, loaded).data, trust, at=shelf.now).signer.agencies == ("G22",)


def test_pkcs12_that_cannot_be_opened(shelf: Shelf, keys: dict[str, SigningKey]) -> None:
    """Wrong password, garbage and a file without key each say what is wrong."""
    key = keys["G22"]
    data = pkcs12.serialize_key_and_certificates(
        b"G22", key.private, key.certificate, None, BestAvailableEncryption(PASSWORD)
    )
    shelf.write(shelf.pkcs12_file, data)
    with pytest.raises(ConfigError, match="EDX-3004"):
        shelf.pkcs12(b"khac")
    with pytest.raises(ConfigError, match="EDX-3004"):
        shelf.pkcs12()
    shelf.write(shelf.pkcs12_file, b"garbage")
    with pytest.raises(ConfigError, match="EDX-3003"):
        shelf.pkcs12(PASSWORD)
    empty = pkcs12.serialize_key_and_certificates(
        b"G22", None, key.certificate, None, NoEncryption()
    )
    shelf.write(shelf.pkcs12_file, empty)
    with pytest.raises(ConfigError, match="EDX-3003"):
        shelf.pkcs12()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read(mode: int, shelf: Shelf, issue: Issue) -> None:
    """A key file open to group or others is refused, with the command that closes it."""
    key = issue()
    shelf.write_key(key.private)
    shelf.write_chain(*key.chain)
    shelf.key_file.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        shelf.pem()
    assert caught.value.code == "EDX-3002"
    assert caught.value.findings[0].hint_en == f"chmod 600 {shelf.key_file}"
    shelf.certificate_file.chmod(0o644)
    shelf.key_file.chmod(0o400)
    assert shelf.pem().fingerprint == key.fingerprint


def test_files_that_are_not_there(shelf: Shelf, issue: Issue) -> None:
    """A missing key, certificate or a directory in its place is named."""
    assert shelf.refusal() == "EDX-3001"
    shelf.write_key(issue().private)
    assert shelf.refusal() == "EDX-3001"
    shelf.certificate_file.mkdir()
    assert shelf.refusal() == "EDX-3001"


def test_files_that_are_something_else(shelf: Shelf, issue: Issue) -> None:
    """Garbage, and key and certificate exchanged, are told apart."""
    key = issue()
    shelf.write(shelf.key_file, b"garbage")
    shelf.write_chain(*key.chain)
    assert shelf.refusal() == "EDX-3003"
    shelf.write_key(key.private)
    shelf.write(shelf.certificate_file, b"garbage")
    assert shelf.refusal() == "EDX-3007"


def test_a_key_of_another_certificate(shelf: Shelf, issue: Issue) -> None:
    """Key and certificate have to belong together, whatever their kinds."""
    key = issue()
    shelf.write_chain(*key.chain)
    for private in (
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        shelf.write_key(private)
        assert shelf.refusal() == "EDX-3006"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"private": rsa.generate_private_key(65537, 1024)}, "EDX-3005"),  # noqa: S505 - refused
        ({"private": ec.generate_private_key(ec.SECP256K1())}, "EDX-3005"),
        ({"first": -10, "last": -1}, "EDX-3008"),
        ({"first": 1}, "EDX-3009"),
        ({"ca": True}, "EDX-3010"),
        ({"usage": False}, "EDX-3010"),
        ({"usage": None}, "EDX-3010"),
    ],
)
def test_certificates_that_receivers_would_refuse(
    options: dict[str, object], code: str, shelf: Shelf, issue: Issue
) -> None:
    """What every receiver would refuse is refused before the first packet is signed."""
    key = issue(**options)
    shelf.write_key(key.private)
    shelf.write_chain(*key.chain)
    assert shelf.refusal() == code


def test_a_kind_of_key_that_xml_signatures_lack(shelf: Shelf, issue: Issue) -> None:
    """Ed25519 keys are refused by name."""
    private = ed25519.Ed25519PrivateKey.generate()
    key = issue(private=private)
    shelf.write_key(private)
    shelf.write_chain(*key.chain)
    with pytest.raises(ConfigError, match="Ed25519"):
        shelf.pem()


def test_all_reasons_at_once(shelf: Shelf, issue: Issue) -> None:
    """Everything that is wrong with a key is told in one go."""
    key = issue(last=-1, first=-2, usage=False)
    shelf.write_key(ec.generate_private_key(ec.SECP256R1()))
    shelf.write_chain(key.certificate, key.certificate)
    with pytest.raises(ConfigError) as caught:
        shelf.pem()
    codes = [finding.code for finding in caught.value.findings]
    assert codes == ["EDX-3006", "EDX-3008", "EDX-3010", "EDX-3011"]


def test_order_of_the_chain(shelf: Shelf, keys: dict[str, SigningKey], pki: DevPki) -> None:
    """Each certificate has to be issued by the next; more than five never travel."""
    key = keys["G22"]
    root = x509.load_pem_x509_certificate((pki.anchors_dir / "root.crt").read_bytes())
    shelf.write_key(key.private)
    shelf.write_chain(key.certificate, root, *key.intermediates)
    assert shelf.refusal() == "EDX-3011"
    shelf.write_chain(*key.chain, *[root] * 4)
    assert shelf.refusal() == "EDX-3011"
    shelf.write_chain(*key.chain, root)
    assert len(shelf.pem().chain) == 3


def test_settings_of_a_pem_key(tmp_path: Path) -> None:
    """Paths count from the directory of the file in which they stand."""
    text = b"type: pem\nkey_file: keys/a.key\ncertificate_file: /etc/a.crt\npassword: {env: P}\n"
    settings = parse_key_settings(parse_yaml(text, tmp_path / "connector.yaml"))
    assert settings == PemKey(
        type="pem",
        key_file=tmp_path / "keys/a.key",
        certificate_file=Path("/etc/a.crt"),
        password=SecretRef(env="P"),
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"type: hsm\n", "c.yaml:1:7"),
        (b"key_file: a\n", "c.yaml:1:1"),
        (b"type: pkcs12\nfile: a.p12\npassword: geheim\n", "c.yaml:3:11"),
        (b"type: pkcs12\nfiles: a.p12\n", "c.yaml:2:1"),
        (b"type: pem\nkey_file: a.key\n", "c.yaml:1:1"),
    ],
)
def test_wrong_settings_are_named_with_their_place(text: bytes, place: str) -> None:
    """Unknown kinds and keys, missing keys and inline passwords are found where they stand."""
    with pytest.raises(ConfigError) as caught:
        parse_key_settings(parse_yaml(text, Path("c.yaml")))
    assert place in [finding.place for finding in caught.value.findings]
