"""Whether a packet's own Signature, if it bears one, is unbroken, and whose it is.

For packets that a person hands in to be signed anew: a new signature must not cover up that the
old one was broken. Neither chain nor revocation nor registry are asked here, nor the period.
"""

from __future__ import annotations

from cryptography import x509
from lxml import etree

from connector.edxml.names import DS_NS
from connector.edxml.parser import DEFAULT_LIMITS, Limits, parse
from connector.errors import ConnectorError, TransientError, TrustError
from connector.trust import codes
from connector.trust.shown import shown
from connector.trust.signature import signed_content
from connector.trust.signer import find_signer, standing_objection
from connector.trust.structure import check_structure

__all__ = ["unbroken_signer"]


def unbroken_signer(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> x509.Certificate | None:
    """Return the certificate of who signed a packet; None if nobody did.

    Raises:
        PermanentError: the bytes are no XML that is accepted.
        TrustError: there is a signature, and it is broken or not of the accepted shape.
        TransientError: memory does not suffice.
    """
    try:
        root = parse(data, limits=limits)
        return _signer(data, root) if _bears_signature(root) else None
    except ConnectorError:
        raise
    except MemoryError as error:
        raise TransientError(codes.UNEXPECTED.at("Signature", reason="out of memory")) from error
    except Exception as error:  # as in `verify`: nothing else leaves, whatever the bytes are
        reason = f"{type(error).__name__}: {shown(str(error), 200)}"
        raise TrustError(codes.UNEXPECTED.at("Signature", reason=reason)) from error


def _bears_signature(root: etree._Element) -> bool:
    """Tell whether anything of XMLDSig stands in a packet, or bears its name, wherever it is.

    A signature whose namespace was damaged is a broken one, too.
    """
    return next(root.iter(f"{{{DS_NS}}}*", "{*}Signature"), None) is not None


def _signer(data: bytes, root: etree._Element) -> x509.Certificate:
    parts = check_structure(root)
    signer, _ = find_signer(parts.certificates)
    objection = standing_objection(signer)
    if objection is not None:
        raise TrustError(objection)
    signed_content(data, parts, signer, signer.not_valid_before_utc)
    return signer
