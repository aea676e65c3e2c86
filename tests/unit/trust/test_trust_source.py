from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.clock import ManualClock
from connector.config.trust import RevocationConfig, TrustConfig
from connector.errors import ConfigError, TrustError
from connector.trust.keys import SigningKey
from connector.trust.pki import DevPki
from connector.trust.registry_edit import register, withdraw
from connector.trust.registry_sign import sign_registry, signature_file
from connector.trust.trust_source import TrustChange, TrustFiles, TrustSource


@dataclass(frozen=True, slots=True)
class Place:
    """A node's trust on disk, with a clock of its own."""

    directory: Path
    clock: ManualClock
    signers: tuple[str, ...] = ()
    crls: bool = False

    @property
    def registry(self) -> Path:
        """The registry."""
        return self.directory / "registry.yaml"

    @property
    def files(self) -> TrustFiles:
        """Where everything lies."""
        config = TrustConfig(
            anchors_dir=self.directory / "anchors",
            registry_file=self.registry,
            registry_signers=self.signers,
            crls_dir=self.directory / "crls" if self.crls else None,
        )
        return TrustFiles(config=config, state_dir=self.directory / "state")

    def open(self) -> TrustSource:
        """Return the running trust."""
        return TrustSource(self.files, clock=self.clock, canonical=lambda code: code)

    def later(self, source: TrustSource) -> tuple[TrustChange, ...]:
        """Let the node look twice, and return what it saw."""
        for _ in range(2):
            self.clock.sleep(6)
            source.current()
        return source.take_changes()


@pytest.fixture
def place(pki: DevPki, tmp_path: Path) -> Place:
    """A copy of the PKI's trust."""
    shutil.copytree(pki.anchors_dir, tmp_path / "anchors")
    shutil.copy(pki.registry_file, tmp_path / "registry.yaml")
    for name in ("state", "crls"):
        (tmp_path / name).mkdir()
    return Place(tmp_path, ManualClock())


@pytest.fixture
def certificate(issue: Callable[..., SigningKey], tmp_path: Path) -> Path:
    """A new certificate."""
    path = tmp_path / "new.crt"
    path.write_bytes(issue().certificate.public_bytes(Encoding.PEM))
    return path


def test_a_change_is_taken_over(place: Place, certificate: Path) -> None:
    """A new registration counts without a restart, and the change is told once."""
    source = place.open()
    before = source.current()
    assert place.later(source) == ()
    sha256 = register(place.registry, "K01", certificate, name="a")
    assert source.current() is before
    (change,) = place.later(source)
    assert change.accepted
    assert change.registry_version == 1
    assert [line.split()[:3] for line in change.added] == [["signer", "K01", sha256]]
    assert change.removed == ()
    assert source.current().registry.of(sha256)
    assert place.later(source) == ()
    withdraw(place.registry, "K01", sha256)
    (change,) = place.later(source)
    assert (change.added, len(change.removed)) == ((), 1)
    assert not source.current().registry.of(sha256)


def test_files_are_not_looked_at_all_the_time(place: Place, certificate: Path) -> None:
    """Between two looks, and while a file still changes, the old state counts."""
    source = place.open()
    place.clock.sleep(6)
    source.current()
    register(place.registry, "K01", certificate, name="a")
    place.clock.sleep(4)
    source.current()
    place.clock.sleep(2)
    source.current()
    assert source.take_changes() == ()
    place.clock.sleep(6)
    source.current()
    assert len(source.take_changes()) == 1


def test_a_bad_state_changes_nothing(place: Place) -> None:
    """The old state stays in force; the trouble is told once, and mending it helps."""
    source = place.open()
    before, text = source.current(), place.registry.read_text()
    place.registry.write_text(text + "rubbish: [\n")
    (change,) = place.later(source)
    assert not change.accepted
    assert change.findings[0].code == "EDX-3328"
    assert len(change.findings) > 1
    assert source.current() is before
    assert place.later(source) == ()
    place.registry.write_text(text)
    assert place.later(source) == ()
    assert source.current().registry.registrations == before.registry.registrations
    shutil.rmtree(place.directory / "anchors")
    (change,) = place.later(source)
    assert [each.code for each in change.findings] == ["EDX-3328", "EDX-3209"]
    assert source.current().anchors.certificates == before.anchors.certificates


def test_reading_anew_at_once(place: Place, certificate: Path) -> None:
    """On demand everything is read without waiting; without a difference there is no event."""
    source = place.open()
    assert not source.reload().different
    register(place.registry, "K01", certificate, name="a")
    change = source.reload()
    assert change.accepted
    assert len(change.added) == 1
    assert source.take_changes() == (change,)
    assert source.take_changes() == ()


def test_a_registry_never_goes_back(place: Place, certificate: Path) -> None:
    """An older registry is refused while running and at the next start."""
    source = place.open()
    old = place.registry.read_bytes()
    register(place.registry, "K01", certificate, name="a")
    assert source.reload().accepted
    place.registry.write_bytes(old)
    change = source.reload()
    assert [each.code for each in change.findings] == ["EDX-3328", "EDX-3323"]
    assert source.current().registry.version == 1
    with pytest.raises(ConfigError, match="EDX-3323"):
        place.open()


def test_only_a_signed_registry(
    place: Place, certificate: Path, issue: Callable[..., SigningKey]
) -> None:
    """With pinned signers a change counts once it is signed, not before."""
    key = issue()
    signed = Place(place.directory, place.clock, signers=(key.fingerprint,))
    with pytest.raises(TrustError, match="EDX-3320"):
        signed.open()
    sign_registry(place.registry, key)
    source = signed.open()
    sha256 = register(place.registry, "K01", certificate, name="a")
    (change,) = signed.later(source)
    assert [each.code for each in change.findings] == ["EDX-3328", "EDX-3322"]
    assert not source.current().registry.of(sha256)
    sign_registry(place.registry, key)
    (change,) = signed.later(source)
    assert change.accepted
    assert source.current().registry.of(sha256)
    signature_file(place.registry).unlink()
    (change,) = signed.later(source)
    assert [each.code for each in change.findings] == ["EDX-3328", "EDX-3320"]


def test_an_expired_signer_is_told(place: Place, issue: Callable[..., SigningKey]) -> None:
    """At the start already there is a warning that somebody has to see."""
    key = issue(first=-9, last=-1)
    sign_registry(place.registry, key)
    source = Place(place.directory, place.clock, signers=(key.fingerprint,)).open()
    (change,) = source.take_changes()
    assert change.accepted
    assert [each.code for each in change.findings] == ["EDX-3324"]


def test_revocation_lists_are_taken_over(place: Place, pki: DevPki) -> None:
    """A list that is put into the directory counts without a restart."""
    source = Place(place.directory, place.clock, crls=True).open()
    assert source.current().revocations.lists == ()
    key = load_pem_private_key((pki.directory / "authority" / "issuing.key").read_bytes(), None)
    issuer = x509.load_pem_x509_certificate(
        (pki.directory / "authority" / "issuing.crt").read_bytes()
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(place.clock.now())
        .next_update(place.clock.now() + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    (place.directory / "crls" / "a.crl").write_bytes(crl.public_bytes(Encoding.DER))
    (change,) = place.later(source)
    assert len(change.added) == 1
    assert "revocation list of CN=Connector development issuing CA" in change.added[0]
    assert len(source.current().revocations.lists) == 1


def test_permission_for_sha1_ends_by_itself(place: Place) -> None:
    """When its last day is over a permission is gone, though no file changed."""
    place.registry.write_text(
        "registry_version: 1\nagencies:\n"
        "- {code: G22, name: a, legacy: {allow: sha1, until: 2026-01-06, reason: x}}\n"
    )
    source = place.open()
    assert source.current().legacy_sha1 == {"G22"}
    place.clock.sleep(2 * 86400)
    assert source.current().legacy_sha1 == frozenset()


def test_a_version_that_cannot_be_read(place: Place) -> None:
    """A damaged note of the version does not stop the node."""
    (place.directory / "state" / "registry-version").write_text("?")
    assert place.open().current().registry.version == 0


def test_before_the_state_directory_is_there(place: Place, certificate: Path) -> None:
    """A registry with a version can be taken over at the very first start."""
    register(place.registry, "K01", certificate, name="a")
    (place.directory / "state").rmdir()
    assert place.open().current().registry.version == 1
    place.registry.write_text("registry_version: 1\nagencies: []\n")
    with pytest.raises(ConfigError, match="EDX-3323"):
        place.open()


def test_without_responders_nothing_is_fetched(place: Place) -> None:
    """A node that does not use OCSP asks nobody."""
    source = place.open()
    source.want(())
    assert source.fetch() == (0, ())


def test_revocation_settings(tmp_path: Path) -> None:
    """Without a policy, lists are consulted where there is a directory of them."""
    bare = TrustConfig(anchors_dir=tmp_path)
    assert bare.revocation_policy.mode == "off"
    assert TrustConfig(anchors_dir=tmp_path, crls_dir=tmp_path).revocation_policy.mode == "crl"
    own = RevocationConfig(mode="crl_or_ocsp")
    assert TrustConfig(anchors_dir=tmp_path, revocation=own).revocation_policy is own
