"""Who may read a key file; keys that systemd hands over."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connector.clock import ManualClock
from connector.config.file_access import open_to_others
from connector.config.secrets import SecretRef
from connector.config.yaml_source import load_yaml
from connector.errors import ConfigError
from connector.trust.keys import SigningKey, load_key
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.settings import Pkcs11Key, parse_key_settings

Issue = Callable[..., SigningKey]
LIST = "system.posix_acl_access"
OWNER, USER, GROUP_OWNER, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NOBODY = 0xFFFFFFFF
READ = 4


def grant(path: Path, *entries: tuple[int, int, int]) -> None:
    """Give a file an access list of (kind, rights, id)."""
    packed = b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries))
    os.setxattr(path, LIST, struct.pack("<I", 2) + packed)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """An empty file of mode 0400."""
    path = tmp_path / "a.key"
    path.touch(mode=0o400)
    return path


def is_open(path: Path) -> bool:
    """Tell whether others may read a file."""
    with path.open("rb") as stream:
        return open_to_others(stream.fileno())


def test_plain_permissions(key_file: Path) -> None:
    """Without an access list the mode says it all."""
    assert not is_open(key_file)
    for mode in (0o440, 0o404, 0o420, 0o410):
        key_file.chmod(mode)
        assert is_open(key_file)


@pytest.mark.parametrize(
    ("tag", "rights", "who", "expected"),
    [
        (USER, READ, os.geteuid(), False),
        (USER, READ, os.geteuid() + 1000, True),
        (USER, 0, os.geteuid() + 1000, False),
        (GROUP, READ, 1000, True),
    ],
)
def test_access_lists(*, tag: int, rights: int, who: int, expected: bool, key_file: Path) -> None:
    """An access list may name this process's user (systemd's credentials do), nobody else."""
    grant(
        key_file,
        (OWNER, READ, NOBODY),
        (tag, rights, who),
        (GROUP_OWNER, 0, NOBODY),
        (MASK, READ, NOBODY),
        (OTHER, 0, NOBODY),
    )
    assert key_file.stat().st_mode & 0o777 == 0o440
    assert is_open(key_file) is expected


def test_a_list_that_serves_the_group(key_file: Path) -> None:
    """The owning group counts as others where the mask lets it through."""
    user = (USER, READ, os.geteuid())
    for rights, expected in ((READ, True), (0, False)):
        grant(
            key_file,
            (OWNER, READ, NOBODY),
            user,
            (GROUP_OWNER, rights, NOBODY),
            (MASK, READ, NOBODY),
            (OTHER, 0, NOBODY),
        )
        assert is_open(key_file) is expected


def test_a_key_as_credential(
    tmp_path: Path, issue: Issue, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    """Key and password come out of $CREDENTIALS_DIRECTORY, the key with systemd's access list."""
    key = issue()
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (credentials / "g22.key").write_bytes(key.private.private_bytes(*form))
    (tmp_path / "g22.crt").write_bytes(
        b"".join(each.public_bytes(Encoding.PEM) for each in key.chain)
    )
    grant(
        credentials / "g22.key",
        (OWNER, READ, NOBODY),
        (USER, READ, os.geteuid()),
        (GROUP_OWNER, 0, NOBODY),
        (MASK, READ, NOBODY),
        (OTHER, 0, NOBODY),
    )
    path = tmp_path / "key.yaml"
    path.write_text(
        "type: pem\nkey_file: ${CREDENTIALS_DIRECTORY}/g22.key\ncertificate_file: g22.crt\n"
    )
    settings = parse_key_settings(load_yaml(path))
    assert load_key(settings, now=clock.now()).fingerprint == key.fingerprint


def test_settings_of_a_token_key(tmp_path: Path) -> None:
    """Paths count from the file's directory; an id may be written with colons."""
    path = tmp_path / "key.yaml"
    path.write_text(
        "type: pkcs11\nmodule: /lib/x.so\nslot: 3\nkey_id: 0A:b1\npin: {credential: pin}\n"
        "certificate_file: a.crt\n"
    )
    assert parse_key_settings(load_yaml(path)) == Pkcs11Key(
        type="pkcs11",
        module=Path("/lib/x.so"),
        slot=3,
        key_id="0ab1",
        pin=SecretRef(credential="pin"),
        certificate_file=tmp_path / "a.crt",
    )


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("slot: 1\ntoken_label: a\nkey_label: k\npin: {env: P}", "EDX-3032"),
        ("key_label: k\npin: {env: P}", "EDX-3032"),
        ("slot: 1\npin: {env: P}", "EDX-3033"),
        ("slot: 1\nkey_id: 0x1\npin: {env: P}", "EDX-3041"),
        ("slot: 1\nkey_id: abc\npin: {env: P}", "EDX-3041"),
        ("slot: 1\nkey_label: k\npin: 123456", "EDX-1020"),
        ("slot: 1\nkey_label: k", "EDX-1011"),
    ],
)
def test_wrong_settings_of_a_token_key(lines: str, code: str, tmp_path: Path) -> None:
    """Token and key are named once, the PIN by reference only, and is not repeated in messages."""
    path = tmp_path / "key.yaml"
    path.write_text(f"type: pkcs11\nmodule: /lib/x.so\n{lines}\n")
    with pytest.raises(ConfigError) as caught:
        parse_key_settings(load_yaml(path))
    assert code in [finding.code for finding in caught.value.findings]
    assert "123456" not in str(caught.value)


def test_certificates_for_given_keys(
    tmp_path: Path, clock: ManualClock, issue: Issue, pki: DevPki
) -> None:
    """A development PKI certifies a public key that lies elsewhere and writes no key for it."""
    public = issue().private.public_key()
    organs = [("G22", "VPCP"), ("H41", "Nghệ An")]
    made = new_dev_pki(
        tmp_path / "pki", organs, clock=clock, key_type="p256", public_keys={"G22": public}
    )
    assert not made.key_file("G22").exists()
    assert made.key_file("H41").exists()
    certificate = x509.load_pem_x509_certificate(made.certificate_file("G22").read_bytes())
    assert certificate.public_key() == public
    assert made.directory != pki.directory
