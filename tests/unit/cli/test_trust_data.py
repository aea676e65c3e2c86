from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from connector.clock import SystemClock
from connector.trust.certificates import fingerprint
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.stage_titles import OUTCOMES, TITLES
from connector.trust.verdict import FAILED, HELD, NOT_REACHED, PASSED, STAGES

DAY = dt.timedelta(days=1)


class Said(Protocol):
    """How a command line ended."""

    status: int
    out: str
    err: str
    data: object


class Terminal(Protocol):
    """Runs command lines."""

    def run(self, *arguments: object) -> Said:
        """Run one command line."""
        ...


@pytest.fixture
def pki(tmp_path: Path) -> DevPki:
    """A PKI of two agencies."""
    organs = [("G22", "Văn phòng Chính phủ"), ("H41", "Nghệ An")]
    return new_dev_pki(tmp_path / "pki", organs, clock=SystemClock(), key_type="p256")


@pytest.fixture
def config(pki: DevPki, tmp_path: Path) -> Path:
    """A node of G22 that asks for revocation lists."""
    (tmp_path / "crls").mkdir()
    path = tmp_path / "connector.yaml"
    path.write_text(
        f"""config_version: 1
environment: test
state_dir: state
agencies:
  - code: G22
    name: Văn phòng Chính phủ
    key:
      type: pem
      key_file: {pki.key_file("G22")}
      certificate_file: {pki.certificate_file("G22")}
trust:
  anchors_dir: {pki.anchors_dir}
  registry_file: {pki.registry_file}
  crls_dir: crls
broker: {{url: 'amqp://g22@127.0.0.1'}}
"""
    )
    return path


def revocation_list(pki: DevPki, directory: Path, name: str, *revoked: int) -> Path:
    """Write a list of one authority."""
    authority = pki.directory / "authority"
    issuer_file = pki.anchors_dir / "root.crt" if name == "root" else authority / f"{name}.crt"
    issuer = x509.load_pem_x509_certificate(issuer_file.read_bytes())
    key = load_pem_private_key((authority / f"{name}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = SystemClock().now()
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now - DAY / 2).next_update(now + DAY)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(entry.revocation_date(now - DAY / 2).build())
    builder = builder.add_extension(x509.CRLNumber(len(revoked) + 1), critical=False)
    path = directory / f"{name}.pem"
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def signed(config: Path, terminal: Terminal, tmp_path: Path) -> Path:
    """A packet of G22, signed by the node."""
    from connector.resources import examples_dir

    (adapter,) = examples_dir().glob("g22-csv-tcvn3")
    said = terminal.run("preview", adapter, "--out", tmp_path / "out", "--json")
    assert said.status == 0, said.err
    file = min((tmp_path / "out").glob("*.edxml"))
    target = tmp_path / "signed.edxml"
    assert terminal.run("sign", "--config", config, "--out", target, file).status == 0
    return target


def test_every_stage_has_a_title() -> None:
    """Whatever verification reports can be said in both languages."""
    assert set(TITLES) == set(STAGES)
    assert set(OUTCOMES) == {PASSED, FAILED, HELD, NOT_REACHED}
    assert all(len(set(pair)) == 2 and all(pair) for pair in TITLES.values())


def test_from_held_to_valid_to_revoked(
    config: Path, signed: Path, terminal: Terminal, pki: DevPki, tmp_path: Path
) -> None:
    """Without lists a packet is held (75); imported lists decide, with their age in the verdict."""
    verify = ("verify", "--config", config)
    held = terminal.run(*verify, signed)
    assert held.status == 75
    assert "chờ, chưa kết luận được / held" in held.out
    assert "EDX-3220" in held.err
    held = terminal.run(*verify, "--json", signed)
    assert (held.status, held.data["verdict"]) == (75, "held")  # type: ignore[index]
    for name in ("root", "issuing"):
        file = revocation_list(pki, tmp_path, name)
        assert terminal.run("keys", "import-crl", "--config", config, file).status == 0
    said = terminal.run(*verify, signed)
    assert said.status == 0
    for part in (
        "hợp lệ / valid",
        "Was it revoked?",
        "Chứng thư có bị thu hồi không?",
        "được ký cho / may sign for: G22",
        "Connector development root CA",
        "0 days old",
        "cũ 0 ngày",
    ):
        assert part in said.out, part
    assert said.err == ""
    data = terminal.run(*verify, "--json", signed).data
    assert [each["code"] for each in data["revocation"]] == ["EDX-3215"] * 2  # type: ignore[index]
    assert data["stages"][4]["en"] == "Was it revoked"  # type: ignore[index]
    own = x509.load_pem_x509_certificate(pki.certificate_file("G22").read_bytes())
    file = revocation_list(pki, tmp_path, "issuing", own.serial_number)
    assert terminal.run("keys", "import-crl", "--config", config, file).status == 0
    said = terminal.run(*verify, signed)
    assert (said.status, "EDX-3211" in said.err) == (77, True)
    older = revocation_list(pki, tmp_path, "issuing")
    said = terminal.run("keys", "import-crl", "--config", config, older)
    assert (said.status, "EDX-3224" in said.err) == (65, True)


def test_registering_and_withdrawing(
    config: Path, terminal: Terminal, pki: DevPki, tmp_path: Path
) -> None:
    """A registration is entered, signed, and withdrawn by commands alone."""
    certificate = pki.certificate_file("H41")
    arguments = ("keys", "register", "--config", config, "K99", certificate)
    assert terminal.run(*arguments).status == 65
    said = terminal.run(*arguments[:2], "--name", "Thử", "--to", "2030-01-01", *arguments[2:])
    assert said.status == 0
    sha256 = fingerprint(x509.load_pem_x509_certificate(certificate.read_bytes()))
    assert said.out == f"K99  {sha256}\n"
    assert said.err == ""
    assert "valid_to: 2030-01-01" in pki.registry_file.read_text()
    said = terminal.run("keys", "sign-registry", "--config", config)
    assert said.status == 0
    assert said.out.split()[0] == f"{pki.registry_file}.sig"
    said = terminal.run("keys", "withdraw", "--config", config, "--entirely", "K99", sha256)
    assert (said.status, "sign-registry" in said.err) == (0, True)
    own = ("--key", pki.key_file("H41"), "--certificate", certificate)
    said = terminal.run("keys", "sign-registry", "--registry", pki.registry_file, *own)
    assert (said.status, said.out.split()[1]) == (0, sha256)
    said = terminal.run("keys", "withdraw", "--config", config, "H41", sha256)
    assert said.status == 0
    assert terminal.run("keys", "withdraw", "--config", config, "H41", "ab" * 32).status == 65


def test_importing_an_anchor(config: Path, terminal: Terminal, pki: DevPki, tmp_path: Path) -> None:
    """An authority that an anchor issued becomes one; an agency's certificate does not."""
    issuing = pki.directory / "authority" / "issuing.crt"
    arguments = ("keys", "import-anchor", "--config", config)
    assert terminal.run(*arguments, issuing).status == 0
    assert "already there" in terminal.run(*arguments, issuing).err
    assert len(list(pki.anchors_dir.iterdir())) == 2
    said = terminal.run(*arguments, pki.certificate_file("G22"))
    assert (said.status, "EDX-3230" in said.err) == (65, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign-registry", "--key", "x"),
        ("sign-registry", "--agency", "H41"),
        ("register", "G22"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], config: Path, terminal: Terminal) -> None:
    """What cannot be meant ends with 2."""
    assert terminal.run("keys", *arguments, "--config", config).status == 2
