from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from signxml.verifier import VerifyResult

from connector.edxml.parser import parse
from connector.errors import TrustError, UnavailableError
from connector.model.packet import Sealed
from connector.trust.keys import SigningKey
from connector.trust.registry import Trust
from connector.trust.signature import signed_content
from connector.trust.signer import check_signer
from connector.trust.structure import check_structure
from connector.trust.verify import explain, signed_digest, verify
from connector.trust.xmldsig import PacketVerifier
from tests.corpus.signing import DIGESTS, DS, sign
from tests.corpus.vector import document, g22, packet
from tests.corpus.world import NOW, World


def test_what_each_stage_tells(
    sealed: Sealed, keys: dict[str, SigningKey], trust: Trust, now: dt.datetime
) -> None:
    """Each stage that passed says in a word what it found."""
    stages = explain(sealed.data, trust, at=now).stages
    told = {stage.name: stage.detail for stage in stages}
    assert told["form"] == f"{len(sealed.data)} bytes"
    assert told["structure"] == "ECDSA_SHA256"
    assert "G22" in told["certificate"]
    assert told["chain"].startswith("CN=Connector development root CA")
    assert told["signature"] == f"sha256 {sealed.digest}"
    assert told["content"] == "Document"
    assert told["identity"] == "G22"
    assert told["revocation"]


@pytest.mark.parametrize(
    ("fault", "outcome", "detail"),
    [
        (KeyError("x" * 300), "failed", "KeyError: '" + "x" * 199 + "…"),
        (ValueError("a\x1b\nb"), "failed", "ValueError: a\\u001b\\u000ab"),
        (MemoryError(), "held", "out of memory"),
        (UnavailableError(), "held", ""),
        (TrustError(), "failed", ""),
    ],
)
def test_what_a_stage_tells_that_failed(
    *, fault: Exception, outcome: str, detail: str, sealed: Sealed, trust: Trust, now: dt.datetime
) -> None:
    """A stage that failed says why, in a line of limited length; the rest was not reached."""

    def broken(_code: str) -> str:
        raise fault

    verdict = explain(sealed.data, replace(trust, canonical=broken), at=now)
    stages = verdict.stages
    assert [stage.outcome for stage in stages] == ["passed"] * 7 + [outcome]
    assert stages[-1].detail == detail
    assert verdict.verdict == {"failed": "refused", "held": "held"}[outcome]
    assert (verdict.valid, verdict.held) == (False, outcome == "held")


def test_the_chain_of_a_refused_packet(sealed: Sealed, trust: Trust, now: dt.datetime) -> None:
    """A verdict of refusal still holds the chain as far as it was followed."""
    forged = sealed.data.replace(b"05/VPCP", b"06/VPCP")
    assert len(explain(forged, trust, at=now).chain) == 3
    assert explain(forged, trust, at=now).at == now


def test_the_digest_of_a_legacy_signature() -> None:
    """The digest that is claimed is told for SHA-1 too: it only names a refused packet."""
    signer = g22(World(), "rsa2048")
    data = sign(packet(document()), signer, method=DS + "rsa-sha1", digest=DIGESTS["sha1"])
    assert len(signed_digest(data) or "") == 40


def test_legacy_is_marked_before_all_else() -> None:
    """The first finding of a packet that rests on SHA-1 is that it does."""
    world = World()
    trust = replace(world.trust(), legacy_sha1=frozenset({"G22"}))
    data = sign(packet(document()), g22(world, "rsa2048"), method=DS + "rsa-sha1")
    verified = verify(data, trust, at=NOW)
    assert verified.findings[0].code == "EDX-3111"
    assert "G22" in verified.findings[0].en


@pytest.fixture
def signed() -> bytes:
    """A packet as another system signs it."""
    return sign(packet(document()), g22(World()))


def test_parts_of_another_packet(signed: bytes) -> None:
    """What was checked before must be what is verified: another digest is not believed."""
    parts = check_structure(parse(signed))
    signer = g22(World()).certificate
    assert signed_content(signed, parts, signer, NOW).digest == parts.digest.hex()
    with pytest.raises(TrustError, match=r"EDX-3109.*digest"):
        signed_content(signed, replace(parts, digest=bytes(32)), signer, NOW)


def test_the_key_is_in_exactly_one_certificate(signed: bytes) -> None:
    """Neither no certificate nor two may carry the key that signed."""
    parts = check_structure(parse(signed))
    signer = g22(World()).certificate
    for certificates in (parts.certificates[1:], (*parts.certificates, parts.certificates[0])):
        with pytest.raises(TrustError, match=r"EDX-3109.*carry the key"):
            signed_content(signed, replace(parts, certificates=certificates), signer, NOW)


def test_an_expired_signer_is_refused_by_signxml_too(signed: bytes) -> None:
    """The moment of judgement reaches the last line of defence."""
    parts = check_structure(parse(signed))
    late = NOW + dt.timedelta(days=1000)
    with pytest.raises(TrustError, match="EDX-3108"):
        signed_content(signed, parts, g22(World()).certificate, late)


def _results() -> Sequence[tuple[Any, str]]:
    root = etree.fromstring(packet(document()))
    stray = etree.fromstring(packet(document()))
    etree.SubElement(stray, f"{{{DS}}}Object")
    result: Any = VerifyResult
    return (
        ([result(b"", root, root, b"")], "not one XML document"),
        (result(b"", None, root, b""), "not one XML document"),
        (result(b"", etree.Element("a"), root, b""), "not the envelope alone"),
        (result(b"", stray, root, b""), "not the envelope alone"),
        (result(b"", root, root, b"other"), "carry the key"),
    )


@pytest.mark.parametrize(("result", "reason"), _results())
def test_only_the_whole_envelope_counts(
    result: Any, reason: str, signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever signxml may say one day: one tree, of the envelope, by the signer's key."""
    parts = check_structure(parse(signed))

    def said(verifier: PacketVerifier, *_: Any, **_options: Any) -> Any:
        verifier.digest = parts.digest
        return result

    monkeypatch.setattr(PacketVerifier, "verify", said)
    with pytest.raises(TrustError, match=f"EDX-3109.*{reason}"):
        signed_content(signed, parts, g22(World()).certificate, NOW)


def test_sha1_has_to_be_let_in() -> None:
    """Nobody gets SHA-1 who did not ask for it."""
    data = sign(packet(document()), g22(World(), "rsa2048"), method=DS + "rsa-sha1")
    with pytest.raises(TrustError, match="EDX-3104"):
        check_structure(parse(data))
    assert check_structure(parse(data), legacy=True).legacy


def _reason(signed: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        check_structure(parse(signed))
    return f"{caught.value.findings[0].en} ({caught.value.findings[0].hint_en})"


def test_lists_in_findings_are_short_and_ordered() -> None:
    """What was found is listed as it stands, what is accepted in order, never more than 16."""
    signer = g22(World())
    plain = packet(document())
    names = _reason(sign(plain, signer, key_info="<KeyName/>" * 30))
    assert names.count("KeyName") == 15
    assert "it holds X509Data, KeyName, KeyName" in names
    nothing = sign(plain, signer).replace(b"<ds:Transforms>", b"<ds:Transforms/><ds:Transforms>")
    assert "Reference holds Transforms, Transforms, DigestMethod" in _reason(nothing)
    bare = b"<ds:KeyInfo></ds:KeyInfo>"
    data = sign(plain, signer)
    start, end = data.index(b"<ds:KeyInfo>"), data.index(b"</ds:KeyInfo>") + len(b"</ds:KeyInfo>")
    assert "it holds nothing" in _reason(data[:start] + bare + data[end:])
    accepted = _reason(sign(plain, signer, method="urn:x")).partition("(accepted: ")[2].rstrip(")")
    assert accepted.split(", ") == sorted(accepted.split(", "))
    assert len(accepted.split(", ")) == 9


def test_the_first_and_the_last_moment() -> None:
    """A certificate is valid from its first to its last moment, both included."""
    signer = g22(World()).certificate
    moment = dt.timedelta(microseconds=1)
    check_signer(signer, signer.not_valid_before_utc)
    check_signer(signer, signer.not_valid_after_utc)
    with pytest.raises(TrustError, match="EDX-3206"):
        check_signer(signer, signer.not_valid_before_utc - moment)
    with pytest.raises(TrustError, match="EDX-3205"):
        check_signer(signer, signer.not_valid_after_utc + moment)


def test_how_far_a_canonical_form_may_grow() -> None:
    """It may be twice as large as the packet and a megabyte more, not a sign beyond."""
    world = World()
    plain, place = packet(document()), b"<edXML:DocumentId>"

    def growing(count: int) -> bytes:
        swollen = b"<edXML:Unknown>" + b">" * count + b"</edXML:Unknown>" + place
        return sign(plain.replace(place, swollen), g22(world))

    canonical = len(plain) + len("<edXML:Unknown></edXML:Unknown>")
    most = (2 * len(growing(0)) + (1 << 20) - canonical) // 2
    assert explain(growing(most), world.trust(), at=NOW).valid
    refused = explain(growing(most + 1), world.trust(), at=NOW)
    assert "much larger than the packet" in refused.findings[0].en


def test_reasons_are_one_short_line(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library says, a finding holds the first line of it, and not too much of that."""

    def failing(*_: Any, **_options: Any) -> Any:
        raise ValueError("x" * 300 + "\nsecond line")

    monkeypatch.setattr("connector.trust.verify.cut", lambda *_, **_options: None)
    monkeypatch.setattr(PacketVerifier, "verify", failing)
    (finding,) = explain(signed, World().trust(), at=NOW).findings
    assert f"(ValueError: {'x' * 200}…)" in finding.en
