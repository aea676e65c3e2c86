"""Asking OCSP responders: only the daemon does it, never a verification."""

from __future__ import annotations

import http.client
import threading
import urllib.request
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from connector.clock import Clock
from connector.errors import ConnectorError, Finding, StorageError, UnavailableError
from connector.trust import data_codes as codes
from connector.trust.certificates import subject_of
from connector.trust.ocsp import MAX_ANSWER_BYTES, OcspCache
from connector.trust.revocation_facts import Link, RevocationFact

__all__ = ["OcspFetcher", "ask"]

_FIRST_WAIT_SECONDS: Final = 60.0
_LONGEST_WAIT_SECONDS: Final = 3600.0
_LONGEST_STEP_SECONDS: Final = 60.0
_CHUNK: Final = 4096


def ask(
    link: Link, *, clock: Clock, url: str | None = None, timeout_seconds: float = 10.0
) -> bytes:
    """Return the unproved answer (DER) of the responder of a certificate, or of `url`.

    Raises UnavailableError if it names none or there is no answer in time.
    """
    url = url or _url_of(link.certificate)
    request = urllib.request.Request(  # noqa: S310 - only http and https get here
        url,
        data=_request(link),
        headers={
            "Content-Type": "application/ocsp-request",
            "Accept": "application/ocsp-response",
        },
    )
    deadline = clock.monotonic() + timeout_seconds
    try:
        with _opener().open(request, timeout=timeout_seconds) as stream:
            data = bytearray()
            while chunk := stream.read1(_CHUNK):
                data += chunk
                if len(data) > MAX_ANSWER_BYTES or clock.monotonic() > deadline:
                    raise _unreachable(url, "the answer is too long or comes too slowly")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(url, str(error) or type(error).__name__) from error
    return bytes(data)


class OcspFetcher:
    """Fills a cache with answers: for links that verification missed and before old ones end."""

    def __init__(
        self,
        cache: OcspCache,
        *,
        clock: Clock,
        url: str | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._cache: Final = cache
        self._clock: Final = clock
        self._url: Final = url
        self._timeout: Final = timeout_seconds
        self._lock: Final = threading.Lock()
        self._links: Final = {link.key: link for link in cache.links()}
        self._failures: Final[dict[str, int]] = {}
        self._not_before: Final[dict[str, float]] = {}

    def want(self, links: Iterable[Link]) -> None:
        """Note for which certificates answers are needed; the next step asks."""
        with self._lock:
            self._links.update((link.key, link) for link in links)

    def step(self) -> tuple[int, tuple[Finding, ...]]:
        """Ask for all that is missing or past half its time; return new answers and trouble.

        Only the first failure in a row is reported; the waits grow up to an hour. A step that
        takes long leaves the rest to the next one. Raises StorageError if an answer cannot be
        kept.
        """
        end = self._clock.monotonic() + _LONGEST_STEP_SECONDS
        with self._lock:
            links = tuple(self._links.values())
        fetched = 0
        trouble: list[Finding] = []
        for link in links:
            if self._clock.monotonic() > end:
                break
            if not self._is_due(link):
                continue
            try:
                self._fetch(link)
            except StorageError:
                raise
            except ConnectorError as error:
                trouble += self._failed(link, error)
            else:
                fetched += 1
                self._failures.pop(link.key, None)
        return fetched, tuple(trouble)

    def _fetch(self, link: Link) -> RevocationFact:
        data = ask(link, clock=self._clock, url=self._url, timeout_seconds=self._timeout)
        return self._cache.put(link, data, now=self._clock.now())

    def _is_due(self, link: Link) -> bool:
        now = self._clock.now()
        if link.certificate.not_valid_after_utc < now:
            return False
        if self._clock.monotonic() < self._not_before.get(link.key, 0.0):
            return False
        fact = self._cache.fact(link)
        return fact is None or now >= fact.made + (fact.due - fact.made) / 2

    def _failed(self, link: Link, error: ConnectorError) -> tuple[Finding, ...]:
        failures = self._failures.get(link.key, 0)
        wait = min(_FIRST_WAIT_SECONDS * 2.0**failures, _LONGEST_WAIT_SECONDS)
        self._not_before[link.key] = self._clock.monotonic() + wait
        self._failures[link.key] = min(failures + 1, 10)
        return () if failures else error.findings


def _request(link: Link) -> bytes:
    builder = ocsp.OCSPRequestBuilder()
    # SHA-1 only names the certificate here; every responder knows it (RFC 5019, 2.1.1)
    name = hashes.SHA1()  # noqa: S303
    return (
        builder.add_certificate(link.certificate, link.issuer, name)
        .build()
        .public_bytes(Encoding.DER)
    )


def _url_of(certificate: x509.Certificate) -> str:
    try:
        kind = x509.AuthorityInformationAccess
        access = certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        access = None
    urls = (
        each.access_location.value
        for each in access or ()
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )
    for url in urls:
        if url.startswith(("http://", "https://")):
            return url
    subject = subject_of(certificate)
    raise UnavailableError(codes.OCSP_NO_URL.at(subject, subject=subject))


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that follows no redirect and knows no scheme but http and https."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _unreachable(url: str, reason: str) -> UnavailableError:
    return UnavailableError(codes.OCSP_UNREACHABLE.at(url, url=url, reason=reason))
