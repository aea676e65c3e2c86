"""Reading the broker's URL."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from connector.broker.management import Management
from connector.broker.settings import BrokerSettings, TlsSettings
from connector.broker.trouble import NEEDS_PERSON
from connector.errors import ConfigError, Finding


def test_a_url_names_host_user_and_virtual_host() -> None:
    """Percent signs are decoded in user, password and virtual host."""
    endpoint = BrokerSettings(url="amqp://H41.02:p%40s%2F@mq:5673/ax%2Fis").endpoints()[0]
    assert (endpoint.host, endpoint.port, endpoint.user) == ("mq", 5673, "H41.02")
    assert (endpoint.password, endpoint.vhost, endpoint.secure) == ("p@s/", "ax/is", False)


@pytest.mark.parametrize("url", ["amqp://u:p@h", "amqp://u:p@h/", "amqp://u:p@h/%2F"])
def test_the_default_virtual_host_is_the_root(url: str) -> None:
    """Without a virtual host the broker's default is meant."""
    assert BrokerSettings(url=url).vhost == "/"


def test_a_cluster_is_several_hosts_in_order() -> None:
    """Hosts are separated by commas; amqps has its own default port."""
    settings = BrokerSettings(url="amqps://u:p@a,b:99,[::1]/v")
    found = [(endpoint.host, endpoint.port) for endpoint in settings.endpoints()]
    assert found == [("a", 5671), ("b", 99), ("::1", 5671)]


def test_settings_for_another_user_keep_the_hosts() -> None:
    """Logging in as somebody else changes user, password and virtual host only."""
    settings = BrokerSettings(url="amqps://u:p@a,b:99,[::1]/v", window=3).login("x", "y/", "w/")
    assert settings.url == "amqps://x:y%2F@a:5671,b:99,[::1]:5671/w%2F"
    assert (settings.user, settings.vhost, settings.window) == ("x", "w/", 3)


@pytest.mark.parametrize(
    "url", ["", "http://u:p@h", "amqp://h/", "amqp://u:p@/v", "amqp://u:p@h:x/", "amqp://u:p@a,,b"]
)
def test_an_unusable_url_is_a_configuration_error(url: str) -> None:
    """Scheme, user, host and port are checked before anything is connected."""
    with pytest.raises(ConfigError) as caught:
        BrokerSettings(url=url).endpoints()
    assert caught.value.code == "EDX-6030"


def test_tls_files_without_tls_are_refused() -> None:
    """Somebody who gives TLS files must not be connected in clear text."""
    with pytest.raises(ConfigError) as caught:
        BrokerSettings(url="amqp://u:p@h/", tls=TlsSettings()).endpoints()
    assert caught.value.code == "EDX-6031"


def test_a_certificate_login_needs_no_user() -> None:
    """With EXTERNAL the certificate names the user."""
    settings = BrokerSettings(url="amqps://h/v", tls=TlsSettings(external=True))
    assert settings.endpoints()[0].user == ""


def test_missing_tls_files_are_a_configuration_error(tmp_path: Path) -> None:
    """A file that is not there is named before anything is connected."""
    with pytest.raises(ConfigError) as caught:
        TlsSettings(ca_file=tmp_path / "ca.crt").context()
    assert caught.value.code == "EDX-6032"


@dataclass(frozen=True)
class _Files:
    """A certificate with its key, made for one test."""

    directory: Path

    @property
    def key(self) -> Path:
        """The key's file, of mode 0600."""
        return self.directory / "node.key"

    @property
    def certificate(self) -> Path:
        """The certificate's file, which everybody may read."""
        return self.directory / "node.crt"

    def settings(self) -> TlsSettings:
        """Return settings with both files."""
        return TlsSettings(certificate_file=self.certificate, key_file=self.key)


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    """Write a self-signed certificate and its key."""
    made = _Files(tmp_path)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "G22")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    made.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.certificate.chmod(0o644)
    made.key.chmod(0o600)
    return made


def _refused(settings: TlsSettings) -> Finding:
    with pytest.raises(ConfigError) as caught:
        settings.context()
    (finding,) = caught.value.findings
    assert finding.code in NEEDS_PERSON
    return finding


def test_a_certificate_with_its_key(files: _Files) -> None:
    """The key may stand in a file of its own, or with the certificate in one."""
    assert files.settings().context().verify_mode is ssl.CERT_REQUIRED
    both = files.directory / "both.pem"
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    both.chmod(0o600)
    TlsSettings(certificate_file=both).context()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_password_waits_for_nobody(files: _Files, form: PrivateFormat) -> None:
    """It is refused with the remedy: a daemon has no terminal at which somebody could type."""
    key = load_pem_private_key(files.key.read_bytes(), None)
    secret = BestAvailableEncryption(b"mat-khau")
    files.key.write_bytes(key.private_bytes(Encoding.PEM, form, secret))
    finding = _refused(files.settings())
    assert (finding.code, finding.place) == ("EDX-6036", str(files.key))
    assert str(files.key) in finding.hint_en
    assert str(files.key) in finding.hint_vi


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_that_others_can_read(files: _Files, mode: int) -> None:
    """As with the keys that sign; the certificate is for everybody."""
    files.key.chmod(mode)
    finding = _refused(files.settings())
    assert (finding.code, finding.place) == ("EDX-6035", str(files.key))
    assert f"{mode:04o}" in finding.en
    both = files.directory / "both.pem"
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    both.chmod(mode)
    assert _refused(TlsSettings(certificate_file=both)).code == "EDX-6035"


def test_a_key_without_its_certificate(files: _Files) -> None:
    """It would be left out in silence, and the broker would see no certificate."""
    finding = _refused(TlsSettings(key_file=files.key))
    assert (finding.code, finding.place) == ("EDX-6037", str(files.key))


def test_a_certificate_without_its_key(files: _Files) -> None:
    """There is nothing to prove it with."""
    assert _refused(TlsSettings(certificate_file=files.certificate)).code == "EDX-6032"


def test_passwords_are_not_shown() -> None:
    """The representation of settings contains no secret."""
    settings = BrokerSettings(url="amqp://u:secret@h/", management_url="http://a:secret@h:1")
    shown = repr((settings, settings.endpoints(), Management.from_settings(settings)))
    assert "secret" not in shown


def test_the_management_url_may_name_its_own_user() -> None:
    """Without one the user of the AMQP URL is taken."""
    with_user = BrokerSettings(url="amqp://u:p@h/v", management_url="http://a:b%2F@h:15672/")
    found = Management.from_settings(with_user)
    assert (found.url, found.user, found.password) == ("http://h:15672", "a", "b/")
    plain = BrokerSettings(url="amqp://u:p@h/v", management_url="http://h:15672")
    assert Management.from_settings(plain).user == "u"
    assert Management.from_settings(plain).vhost == "v"


@pytest.mark.parametrize("url", [None, "", "ftp://h", "h:15672"])
def test_an_unusable_management_url_is_a_configuration_error(url: str | None) -> None:
    """Only http and https are spoken."""
    with pytest.raises(ConfigError) as caught:
        Management.from_settings(BrokerSettings(url="amqp://u:p@h", management_url=url))
    assert caught.value.code == "EDX-6045"
