"""`connector lint --node` finds what `run` refuses and what cannot work, and changes nothing."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.clock import ManualClock
from connector.config.node import load_node
from connector.errors import ConfigError, Finding, Severity
from connector.flow.node_checks import check_node
from connector.trust.pki import DevPki
from tests.unit.flow.conftest import files_of

CONFIG = """\
config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key: {{type: pem, key_file: "{key}", certificate_file: "{certificate}"}}
trust: {{anchors_dir: "{anchors}", registry_file: "{registry}"}}
broker: {{url: "amqp://127.0.0.1:5672/x"}}
adapters: [adapter]
sinks: [{{type: folder, directory: sink, create: true}}]
"""
NOBODY = 65534


@pytest.fixture
def config(tmp_path: Path, pki: DevPki, adapter: Path) -> Path:
    """The configuration of a node that has no mistake."""
    path = tmp_path / "connector.yaml"
    text = CONFIG.format(**files_of(pki))
    path.write_text(text.replace("adapters: [adapter]", f"adapters: [{adapter.name}]"), "utf-8")
    return path


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory in which nobody may write, root excepted."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o555)
        yield path
        path.chmod(0o700)


@contextmanager
def without_rights() -> Iterator[None]:
    """Be a user who may not write everywhere, also where the tests are run by root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def change(path: Path, before: str, after: str) -> str:
    """Replace a text that occurs once; return where the line of the new one begins."""
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    line = text[: text.index(before)].count("\n") + 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    return f"{path}:{line}:"


def found(config: Path) -> list[Finding]:
    """Return the findings, and see that nothing appeared on the disk."""
    before = sorted(config.parent.rglob("*"))
    findings = list(check_node(load_node(config), ManualClock()))
    assert sorted(config.parent.rglob("*")) == before
    return findings


def test_a_node_that_fits_has_no_finding(config: Path) -> None:
    """Absent directories that can be made are no mistake."""
    assert found(config) == []


def test_key_that_the_registry_does_not_know(config: Path, pki: DevPki) -> None:
    """What `keys check` tells of the key is an error of the node, at its key."""
    change(config, str(pki.key_file("G22")), str(pki.key_file("H41")))
    certificate = str(pki.certificate_file("H41"))
    at = change(config, str(pki.certificate_file("G22")), certificate)
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-3021", Severity.ERROR)
    assert finding.place.startswith(at)


def test_adapters_are_loaded_as_the_node_does(config: Path, adapter: Path, tmp_path: Path) -> None:
    """Another agency's adapter, one that stands twice and one without a file are told at once."""
    text = (adapter / "adapter.yaml").read_text("utf-8")
    for name, changed in (
        ("foreign", text.replace("agency: G22", "agency: H41")),
        ("twin", text),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter.yaml").write_text(changed, encoding="utf-8")
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "adapter.yaml").write_text(text, encoding="utf-8")
    change(config, f"[{adapter.name}]", f"[{adapter.name}, foreign, twin, tree]")
    findings = found(config)
    assert [finding.code for finding in findings] == ["EDX-4105", "EDX-4107", "EDX-1001"]
    assert findings[0].place == f"{tmp_path}/foreign/adapter.yaml:3:9"


def test_adapter_of_an_agency_without_key(config: Path) -> None:
    """Nothing could be sent in its name."""
    text = config.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("    key:")]
    config.write_text("\n".join(lines), encoding="utf-8")
    assert [finding.code for finding in found(config)] == ["EDX-4106"]


@pytest.mark.parametrize(
    "hosts", ["mq:70000", "mq:0", "mq:abc", "mq:", "mq,", ":5672", "a:5672,b:99999", "g22@mq:-1"]
)
def test_host_or_port_that_cannot_be(config: Path, hosts: str) -> None:
    """An address that nobody can connect to is told at broker.url."""
    at = change(config, "127.0.0.1:5672", hosts)
    (finding,) = found(config)
    assert finding.code == "EDX-1108"
    assert finding.place.startswith(at)


@pytest.mark.parametrize("hosts", ["mq", "mq:5672", "a:1,b:65535", "[::1]:5672", "g22@mq"])
def test_hosts_and_ports_that_can_be(config: Path, hosts: str) -> None:
    """One host or several, with a port or without, IPv6 too."""
    change(config, "amqp://127.0.0.1:5672", f"amqps://{hosts}")
    assert [each for each in found(config) if each.code == "EDX-1108"] == []


@pytest.mark.parametrize("hosts", ["10.0.0.5:5672", "mq", "localhost,mq", "g22@[2001:db8::1]:5672"])
def test_link_that_is_not_encrypted(config: Path, hosts: str) -> None:
    """Passwords and documents on a network in the clear are a warning."""
    at = change(config, "127.0.0.1:5672", hosts)
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-1122", Severity.WARNING)
    assert finding.place.startswith(at)
    assert "127.0.0.1" not in finding.en


@pytest.mark.parametrize(
    "hosts", ["localhost", "127.0.0.2:5672", "g22@[::1]:5672", "[::1],localhost"]
)
def test_link_within_the_machine(config: Path, hosts: str) -> None:
    """On loopback nothing has to be encrypted."""
    change(config, "127.0.0.1:5672", hosts)
    assert found(config) == []


@pytest.mark.parametrize(
    "url", ["http://mq:156720", "https://mq:0", "http://:15672", "http://mq:/"]
)
def test_management_address_that_cannot_be(config: Path, url: str) -> None:
    """An address of the management API that nobody can connect to is told at its place."""
    change(config, '5672/x"', f'5672/x", management_url: "{url}"')
    (finding,) = found(config)
    assert finding.code == "EDX-1121"
    assert finding.place == f"{config}:9:{config.read_text('utf-8').splitlines()[8].index(url)}"


@pytest.mark.parametrize("url", ["http://127.0.0.1:15672", "https://mq", "http://[::1]:15672/"])
def test_management_address_that_can_be(config: Path, url: str) -> None:
    """With a port or without, IPv6 too."""
    change(config, '5672/x"', f'5672/x", management_url: "{url}"')
    assert found(config) == []


def test_tls_files_that_cannot_be_used(config: Path, tmp_path: Path) -> None:
    """A missing file is named; one that is no certificate is refused before the node starts."""
    for name in ("ca.crt", "me.crt"):
        (tmp_path / name).write_text("no certificate", encoding="ascii")
    assert config.parent == tmp_path
    url = 'url: "amqp://127.0.0.1:5672/x"'
    tls = "tls: {ca_file: ca.crt, certificate_file: me.crt, key_file: away.key}"
    change(config, url, f'url: "amqps://127.0.0.1:5671/x", {tls}')
    (finding,) = found(config)
    assert (finding.code, finding.place) == ("EDX-6032", str(tmp_path / "away.key"))
    (tmp_path / "away.key").write_text("no key", encoding="ascii")
    (finding,) = found(config)
    assert (finding.code, finding.place) == ("EDX-6032", "broker.tls")


def test_password_in_the_address(config: Path) -> None:
    """It is told, a warning outside of production, and is not repeated."""
    at = change(config, "127.0.0.1:5672", "g22:geheim@127.0.0.1:5672")
    (finding,) = found(config)
    assert (finding.code, finding.severity) == ("EDX-1020", Severity.WARNING)
    assert finding.place.startswith(at)
    assert "geheim" not in str(finding)


@pytest.mark.parametrize("setting", ["state_dir: ", "directory: "])
@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_directory_that_is_a_file(
    config: Path, tmp_path: Path, *, setting: str, below: str
) -> None:
    """State and folder sink need directories; a file in the way is named."""
    (tmp_path / "file").touch()
    name = {"state_dir: ": "state", "directory: ": "sink"}[setting]
    at = change(config, f"{setting}{name}", f"{setting}file{below}")
    (finding,) = found(config)
    assert finding.code == "EDX-1106"
    assert finding.place.startswith(at)
    assert f"{tmp_path}/file is a file" in finding.en


@pytest.mark.parametrize("setting", ["state_dir: ", "directory: "])
@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_directory_that_cannot_be_written(
    config: Path, closed: Path, *, setting: str, below: str
) -> None:
    """The nearest parent that exists decides whether a directory can be made."""
    name = {"state_dir: ": "state", "directory: ": "sink"}[setting]
    at = change(config, f"{setting}{name}", f"{setting}{closed}{below}")
    loaded = load_node(config)
    with without_rights():
        findings = [each for each in check_node(loaded, ManualClock()) if each.code == "EDX-1107"]
    (finding,) = [each for each in findings if each.place.startswith(at)]
    assert f"may not write in {closed}" in finding.en
    assert list(closed.iterdir()) == []


def test_mounted_share_that_is_away(config: Path, tmp_path: Path) -> None:
    """With `create: false` an absent directory is one that is not mounted."""
    change(config, "create: true", "create: false")
    assert [finding.code for finding in found(config)] == ["EDX-8001"]
    (tmp_path / "sink").mkdir()
    assert found(config) == []


def warned(config: Path, code: str) -> Finding:
    """Return the one finding of a configuration: a warning with a remedy in either language."""
    (finding,) = found(config)
    assert (finding.code, finding.severity) == (code, Severity.WARNING)
    assert finding.hint_en
    assert finding.hint_vi
    return finding


@pytest.mark.parametrize(
    ("limits", "column"),
    [
        ("{max_packet_bytes: 60000000}", 28),
        ("{max_attachment_bytes: 90000000}", 32),
        ("{max_attachment_bytes: 1000000, max_packet_bytes: 1300000}", 59),
    ],
)
def test_file_that_fits_into_no_packet(config: Path, limits: str, column: int) -> None:
    """The largest file makes a packet a third larger than itself, which would be refused."""
    with config.open("a", encoding="utf-8") as stream:
        stream.write(f"limits: {limits}\n")
    finding = warned(config, "EDX-1124")
    assert finding.place == f"{config}:12:{column}"


@pytest.mark.parametrize(
    "limits",
    [
        "{}",
        "{max_packet_bytes: 69905067}",
        "{max_attachment_bytes: 90000, max_packet_bytes: 120000}",
    ],
)
def test_file_that_just_fits_into_a_packet(config: Path, limits: str) -> None:
    """The shipped limits fit, and so do some that are exactly a third apart."""
    with config.open("a", encoding="utf-8") as stream:
        stream.write(f"limits: {limits}\n")
    assert found(config) == []


def test_remedy_of_a_file_that_fits_into_no_packet(config: Path) -> None:
    """What it tells to write has no finding any more."""
    with config.open("a", encoding="utf-8") as stream:
        stream.write("limits: {max_attachment_bytes: 1000001, max_packet_bytes: 1300001}\n")
    finding = warned(config, "EDX-1124")
    assert "1333335" in finding.hint_en
    assert "975000" in finding.hint_vi
    change(config, "1300001", "1333335")
    assert found(config) == []
    change(config, "1333335", "1300001")
    change(config, "1000001", "975000")
    assert found(config) == []


def test_documents_that_no_sink_takes(config: Path) -> None:
    """Codes that are served, and for which no sink is there, are named."""
    change(
        config, "    name: Văn phòng Chính phủ", "    name: VP\n    serves: [G22, G22.01, G22.02]"
    )
    at = change(config, "{type: folder,", "{type: folder, serves: [G22.01],")
    finding = warned(config, "EDX-1125")
    assert finding.place.startswith(at)
    assert "for G22, G22.02:" in finding.en
    assert "G22.01" not in finding.vi


def test_node_without_a_sink(config: Path) -> None:
    """It may be there for sending only: a warning."""
    change(config, "sinks: [{type: folder, directory: sink, create: true}]", "sinks: []")
    finding = warned(config, "EDX-1125")
    assert finding.place == f"{config}:11:8"
    assert "for G22:" in finding.en
    change(config, "sinks: []", "")
    assert warned(config, "EDX-1125").place.startswith(str(config))


TRUST = "trust: {"


def test_revocation_lists_that_are_not_there_yet(config: Path, tmp_path: Path) -> None:
    """With an empty directory every packet would wait; other files in it are no lists."""
    (tmp_path / "crls").mkdir()
    (tmp_path / "crls" / "README").write_text("lists go here", encoding="ascii")
    at = change(config, TRUST, f"{TRUST}crls_dir: crls, ")
    finding = warned(config, "EDX-1126")
    assert finding.place.startswith(at)
    assert str(tmp_path / "crls") in finding.en


@pytest.mark.parametrize(
    "policy", ["{mode: crl, on_missing: accept}", '{mode: "off"}', "{mode: crl_or_ocsp}"]
)
def test_revocation_lists_that_are_not_needed(config: Path, tmp_path: Path, policy: str) -> None:
    """Nothing waits for lists that are not asked for, or that responders stand in for."""
    (tmp_path / "crls").mkdir()
    change(config, TRUST, f"{TRUST}crls_dir: crls, revocation: {policy}, ")
    assert found(config) == []


def test_revocation_list_that_is_there(config: Path, tmp_path: Path, pki: DevPki) -> None:
    """One list is enough: whether it covers everybody, only a packet can tell."""
    (tmp_path / "crls").mkdir()
    authority, now = pki.directory / "authority", ManualClock().now()
    issuer = x509.load_pem_x509_certificate((authority / "issuing.crt").read_bytes())
    key = load_pem_private_key((authority / "issuing.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "crls" / "a.crl").write_bytes(crl.public_bytes(Encoding.DER))
    change(config, TRUST, f"{TRUST}crls_dir: crls, ")
    assert found(config) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('5672/x"', '5672/x", password: {file: secret}'),
        ('5672/x"', '5672/x", management_password: {file: secret}'),
        ("    name: V", "    broker_password: {file: secret}\n    name: V"),
        ("adapters: ", "store: {password: {file: secret}}\nadapters: "),
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_password_that_others_can_read(
    config: Path, tmp_path: Path, *, before: str, after: str, mode: int
) -> None:
    """A file with a password is its owner's alone, as the operator's guide has it."""
    secret = tmp_path / "secret"
    secret.write_text("geheim", encoding="ascii")
    secret.chmod(mode)
    change(config, before, after)
    place = next(
        f"{config}:{number}:{line.index('secret') + 1}"
        for number, line in enumerate(config.read_text("utf-8").splitlines(), 1)
        if "secret" in line
    )
    finding = warned(config, "EDX-1023")
    assert finding.place == place
    assert finding.hint_en.endswith(f"chmod 0600 {secret}")
    assert "geheim" not in str(finding)
    secret.chmod(0o600)
    assert found(config) == []


def test_password_of_several_is_told_once(config: Path, tmp_path: Path) -> None:
    """One file is one mistake; a PIN's file is looked at as well, whatever the token says."""
    for name in ("secret", "pin"):
        (tmp_path / name).write_text("geheim", encoding="ascii")
        (tmp_path / name).chmod(0o644)
    change(config, '5672/x"', '5672/x", password: {file: secret}')
    change(config, "    name: V", "    broker_password: {file: secret}\n    name: V")
    text = config.read_text("utf-8")
    key = next(line for line in text.splitlines() if "key: {type: pem" in line)
    token = "    key: [{type: pkcs11, module: m.so, slot: 0, key_label: k, pin: {file: pin}}]"
    change(config, key, token)
    findings = [each for each in found(config) if each.code == "EDX-1023"]
    assert [each.hint_en.rpartition("/")[2] for each in findings] == ["secret", "pin"]


@pytest.mark.parametrize(
    "hosts", ["127.0.0.1:15672", "127.0.0.1:15671", "g22@localhost:5672,localhost:15672"]
)
def test_port_of_the_management_service(config: Path, hosts: str) -> None:
    """Nobody speaks AMQP there."""
    at = change(config, "127.0.0.1:5672", hosts)
    finding = warned(config, "EDX-1123")
    assert finding.place.startswith(at)
    assert hosts[-5:] in finding.en
    assert "5672" in finding.hint_en


def test_waits_that_would_shrink(config: Path) -> None:
    """What the node itself refuses is refused before anything else is looked at."""
    with config.open("a", encoding="utf-8") as stream:
        stream.write("retry: {first_seconds: 60, max_seconds: 30}\n")
    with pytest.raises(ConfigError, match="EDX-1033"):
        load_node(config)
