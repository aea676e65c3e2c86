from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from connector.clock import ManualClock, SystemClock
from connector.config.trust import RevocationConfig, TrustConfig
from connector.errors import TrustError, UnavailableError
from connector.trust.ocsp import MAX_ANSWER_BYTES, OcspCache
from connector.trust.ocsp_fetch import OcspFetcher, ask
from connector.trust.pki import DevPki, new_dev_pki
from connector.trust.revocation_facts import Link, RevocationUnknown
from connector.trust.trust_source import TrustFiles, TrustSource

DAY = dt.timedelta(days=1)


class Responder:
    """A responder on 127.0.0.1 that answers for two certificates as it is told."""

    def __init__(self, pki: DevPki, now: dt.datetime) -> None:
        authority = pki.directory / "authority"
        self.now = now
        self.root = x509.load_pem_x509_certificate((pki.anchors_dir / "root.crt").read_bytes())
        own = pki.certificate_file("G22").read_bytes()
        self.own, self.issuing = x509.load_pem_x509_certificates(own)
        self.keys = {
            self.issuing: load_pem_private_key((authority / "issuing.key").read_bytes(), None),
            self.root: load_pem_private_key((authority / "root.key").read_bytes(), None),
        }
        self.asked: list[int] = []
        self.revoked: set[int] = set()
        self.reply: bytes | None = None
        self.status = 200
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                data = responder.answer(body) if responder.reply is None else responder.reply
                self.send_response(responder.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ocsp"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def links(self) -> tuple[Link, Link]:
        """The links of G22's chain."""
        return Link(self.own, self.issuing), Link(self.issuing, self.root)

    def answer(self, body: bytes) -> bytes:
        """Return the signed answer to a request."""
        asked = ocsp.load_der_ocsp_request(body)
        self.asked.append(asked.serial_number)
        (link,) = (
            each for each in self.links if each.certificate.serial_number == asked.serial_number
        )
        key = self.keys[link.issuer]
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        revoked = asked.serial_number in self.revoked
        status = ocsp.OCSPCertStatus
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=link.certificate,
            issuer=link.issuer,
            algorithm=asked.hash_algorithm,
            cert_status=status.REVOKED if revoked else status.GOOD,
            this_update=self.now,
            next_update=self.now + DAY,
            revocation_time=self.now if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, link.issuer)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def pki(tmp_path: Path, clock: ManualClock) -> DevPki:
    """A PKI over P-256 for one agency."""
    organs = [("G22", "Văn phòng Chính phủ")]
    return new_dev_pki(tmp_path / "pki", organs, clock=clock, key_type="p256")


@pytest.fixture
def responder(pki: DevPki, clock: ManualClock) -> Iterator[Responder]:
    """A running responder."""
    running = Responder(pki, clock.now())
    yield running
    running.close()


def source_of(pki: DevPki, clock: ManualClock, state_dir: Path, url: str) -> TrustSource:
    """Return a trust that asks one responder."""
    policy = RevocationConfig(mode="crl_or_ocsp", ocsp_url=url, ocsp_timeout_seconds=5)
    config = TrustConfig(
        anchors_dir=pki.anchors_dir, registry_file=pki.registry_file, revocation=policy
    )
    state_dir.mkdir(exist_ok=True)
    files = TrustFiles(config=config, state_dir=state_dir)
    return TrustSource(files, clock=clock, canonical=lambda code: code)


def test_from_held_to_known(
    pki: DevPki, clock: ManualClock, responder: Responder, tmp_path: Path
) -> None:
    """What verification misses is fetched, and then it passes; over a restart too."""
    source = source_of(pki, clock, tmp_path / "state", responder.url)
    chain = (responder.own, responder.issuing, responder.root)
    with pytest.raises(RevocationUnknown) as caught:
        source.current().revocations.check(chain, clock.now())
    assert source.fetch() == (0, ())
    source.want(caught.value.links)
    assert source.fetch() == (2, ())
    found = source.current().revocations.check(chain, clock.now())
    assert [each.code for each in found] == ["EDX-3215", "EDX-3215"]
    assert source.fetch() == (0, ())
    assert len(responder.asked) == 2
    again = source_of(pki, clock, tmp_path / "state", responder.url)
    assert len(again.current().revocations.check(chain, clock.now())) == 2
    clock.sleep(13 * 3600)
    responder.now = clock.now()
    assert again.fetch() == (2, ())


def test_a_revocation_becomes_known(
    pki: DevPki, clock: ManualClock, responder: Responder, tmp_path: Path
) -> None:
    """An answer that says revoked refuses the signer from then on."""
    source = source_of(pki, clock, tmp_path / "state", responder.url)
    responder.revoked.add(responder.own.serial_number)
    source.want(responder.links)
    assert source.fetch() == (2, ())
    chain = (responder.own, responder.issuing, responder.root)
    with pytest.raises(TrustError, match="EDX-3211"):
        source.current().revocations.check(chain, clock.now())


@pytest.mark.parametrize(
    ("status", "reply", "code"),
    [
        (500, b"", "EDX-3227"),
        (302, b"", "EDX-3227"),
        (200, b"x" * (MAX_ANSWER_BYTES + 1), "EDX-3227"),
        (200, b"<html>", "EDX-3226"),
    ],
)
def test_bad_answers(
    *,
    status: int,
    reply: bytes,
    code: str,
    pki: DevPki,
    clock: ManualClock,
    responder: Responder,
    tmp_path: Path,
) -> None:
    """Trouble is reported once in a row, waited out longer and longer, and then forgotten."""
    source = source_of(pki, clock, tmp_path / "state", responder.url)
    source.want(responder.links[:1])
    responder.status, responder.reply = status, reply
    fetched, trouble = source.fetch()
    assert (fetched, [each.code for each in trouble]) == (0, [code])
    assert source.fetch() == (0, ())
    clock.sleep(61)
    assert source.fetch() == (0, ())
    responder.status, responder.reply = 200, None
    clock.sleep(61)
    assert source.fetch() == (0, ())
    clock.sleep(60)
    assert source.fetch() == (1, ())


def test_slow_responders_end_a_step(responder: Responder, tmp_path: Path) -> None:
    """A step that takes long stops; the next one goes on with the others."""

    class Slow(ManualClock):
        def now(self) -> dt.datetime:
            self.elapsed += 40.0
            return super().now()

    fetcher = OcspFetcher(OcspCache(tmp_path / "ocsp"), clock=Slow(), url=responder.url)
    fetcher.want(responder.links)
    assert fetcher.step() == (1, ())
    assert fetcher.step() == (1, ())


def test_nobody_answers(responder: Responder) -> None:
    """A port where nobody listens, or listens in silence, ends in time with an error."""
    clock = SystemClock()
    (link, _) = responder.links
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(UnavailableError, match="EDX-3227"):
            ask(link, clock=clock, url=url, timeout_seconds=0.2)
    with pytest.raises(UnavailableError, match="EDX-3227"):
        ask(link, clock=clock, url=url, timeout_seconds=0.2)
    with pytest.raises(UnavailableError, match="EDX-3228"):
        ask(link, clock=clock)


def test_the_address_in_the_certificate(
    responder: Responder, clock: ManualClock, tmp_path: Path
) -> None:
    """Without an address in the configuration that of the certificate is asked: http(s) only."""
    key = responder.keys[responder.issuing]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    places = ("file:///etc/passwd", "ldap://127.0.0.1/", responder.url)
    access = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(place)
        )
        for place in places
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(responder.issuing.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - DAY)
        .not_valid_after(clock.now() + DAY)
    )
    whole = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
    responder.own = whole.sign(key, hashes.SHA256())
    cache = OcspCache(tmp_path / "ocsp")
    fetcher = OcspFetcher(cache, clock=clock)
    fetcher.want(responder.links[:1])
    assert fetcher.step() == (1, ())
    only_files = builder.add_extension(x509.AuthorityInformationAccess(access[:2]), critical=False)
    link = Link(only_files.sign(key, hashes.SHA256()), responder.issuing)
    with pytest.raises(UnavailableError, match="EDX-3228"):
        ask(link, clock=clock)
    clock.sleep(3 * 86400)
    assert fetcher.step() == (0, ())
