"""XML signatures of a message: for each, whether the bytes are what its key signed. Whose key it is, is not asked here.

CAP 1.2 §3.3.4.1 (https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html) allows enveloped signatures on
`alert` and nothing else; XML Signature: https://www.w3.org/TR/xmldsig-core1/.
"""

import hashlib
import warnings
from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from lxml import etree
from lxml.etree import _Element
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE: Final = f"{{{DSIG}}}Signature"
_CERTIFICATE: Final = f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate"
#: Canadian messages carry two (issuer and distributor); nobody is known to send more. Each costs a pass or three.
LIMIT: Final = 3
#: Characters of one signature with its certificates. Real ones have up to 9,000.
_SIZE_LIMIT: Final = 60_000
_METHODS: Final = frozenset(one for one in SignatureMethod if not one.name.startswith("HMAC"))


class Seal(StrEnum):
    """What one signature proves of the bytes."""

    INTACT = "intact"
    FAILED = "failed"
    #: An algorithm that cannot be checked here. CAP forbids rejecting a message for that.
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. `key` is `sha256:` and 64 hex digits over the key's SubjectPublicKeyInfo; None unless intact."""

    seal: Seal
    key: str | None = None
    weak: bool = False
    #: It holds only when blank text between elements is taken away: somebody has re-indented what was signed.
    reindented: bool = False
    #: The span in which its certificate is valid; None where there is only a key.
    valid: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """All signatures of one message; `content` is the alert as the first intact one covers it, without signatures."""

    signatures: tuple[Signature, ...]
    content: _Element | None = None


def check(data: bytes, moment: datetime) -> Signed:
    """Check every signature on `alert` in well-formed XML without DTD, as of `moment` (the message's own `sent`)."""
    plain = etree.fromstring(data, _parser(blanks=True))
    count = len(plain.findall(SIGNATURE))
    if count > LIMIT:
        return Signed((Signature(Seal.FAILED),))
    checked = [_check_one(data, plain, index, moment) for index in range(count)]
    content = next((content for _, content in checked if content is not None), None)
    return Signed(tuple(signature for signature, _ in checked), content)


def _parser(*, blanks: bool) -> etree.XMLParser:
    """With comments and processing instructions: some of them are signed."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=not blanks)


def _check_one(data: bytes, plain: _Element, index: int, moment: datetime) -> tuple[Signature, _Element | None]:
    element = plain.findall(SIGNATURE)[index]
    if sum(len(text) for text in map(str, element.itertext())) > _SIZE_LIMIT:
        return Signature(Seal.FAILED), None
    methods = _algorithms(element)
    if methods is None:
        return Signature(Seal.UNCHECKED), None
    weak = any("SHA1" in name or name.startswith("DSA_") for name in methods)
    try:
        certificate = _certificate(element)
    except ValueError:
        return Signature(Seal.FAILED, weak=weak), None
    for tree, place, reindented in _variants(data, plain, index):
        result = _verified(tree, place, certificate, moment)
        if result is not None and result.signed_xml is not None and result.signed_xml.tag == plain.tag:
            found = Signature(Seal.INTACT, _fingerprint(result.signature_key), weak, reindented, _span(certificate))
            return found, _without_signatures(result.signed_xml)
    return Signature(Seal.FAILED, weak=weak), None


def _algorithms(element: _Element) -> list[str] | None:
    """Names of the methods of signature and digests; None if one of them is not known here."""
    methods = [node.get("Algorithm") for node in element.iter(f"{{{DSIG}}}SignatureMethod")]
    digests = [node.get("Algorithm") for node in element.iter(f"{{{DSIG}}}DigestMethod")]
    try:
        found = [SignatureMethod(one) for one in methods]
        names = [one.name for one in found] + [DigestAlgorithm(one).name for one in digests]
    except ValueError:
        return None
    return names if _METHODS.issuperset(found) else None


def _certificate(element: _Element) -> x509.Certificate | None:
    """The first certificate, which is the signer's by custom; ValueError when it is none."""
    text = element.findtext(_CERTIFICATE)
    if text is None:
        return None
    with warnings.catch_warnings(action="ignore"):  # a serial number that is not positive, as deployed ones have
        return x509.load_der_x509_certificate(b64decode("".join(str(text).split()), validate=True))


def _variants(data: bytes, plain: _Element, index: int) -> Iterator[tuple[_Element, int, bool]]:
    """The message as it is, without the other signatures (who signs first does not sign the second), re-indented."""
    yield plain, index, False
    several = len(plain.findall(SIGNATURE)) > 1
    if several:
        yield _alone(plain, index), 0, False
    compact = etree.fromstring(data, _parser(blanks=False))
    yield compact, index, True
    if several:
        yield _alone(compact, index), 0, True


def _alone(tree: _Element, index: int) -> _Element:
    copy = deepcopy(tree)
    for place, element in enumerate(copy.findall(SIGNATURE)):
        if place != index:
            _remove(element)
    return copy


def _without_signatures(tree: _Element) -> _Element:
    for element in tree.findall(SIGNATURE):
        _remove(element)
    return tree


def _remove(element: _Element) -> None:
    """Take an element out and leave the text after it where it is, as the enveloped transform does."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        return
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    element.tail = None
    parent.remove(element)


class _Nth(XMLVerifier):
    """signxml looks at the first signature it meets; this one at the one that is asked for."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place

    def _get_signature(self, root: _Element) -> _Element:
        return root.findall(SIGNATURE)[self._place]


def _verified(
    tree: _Element, place: int, certificate: x509.Certificate | None, moment: datetime
) -> VerifyResult | None:
    """What is verified with the key that the message brings, or nothing. Validity in time is told, not decided."""
    config = SignatureConfiguration(
        require_x509=False, signature_methods=_METHODS, digest_algorithms=frozenset(DigestAlgorithm),
        verification_time=_inside(certificate, moment),
    )  # fmt: skip
    try:
        with warnings.catch_warnings(action="ignore"):
            found = _Nth(place).verify(tree, x509_cert=certificate, validate_schema=False, expect_config=config)
    except (
        SignXMLException,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        LookupError,
        AssertionError,
        etree.LxmlError,
    ):
        return None  # signxml raises them at keys and values of the wrong form
    except Exception as error:  # cryptography's own: a class that says only that it does not hold
        if type(error).__module__.startswith("cryptography."):
            return None
        raise
    return found if isinstance(found, VerifyResult) else None


def _inside(certificate: x509.Certificate | None, moment: datetime) -> datetime:
    """A moment at which signxml does not look away from an expired certificate."""
    if certificate is None:
        return moment.astimezone(UTC)
    return min(max(moment.astimezone(UTC), certificate.not_valid_before_utc), certificate.not_valid_after_utc)


def _span(certificate: x509.Certificate | None) -> tuple[datetime, datetime] | None:
    return None if certificate is None else (certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _fingerprint(pem: bytes) -> str:
    key = load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(key).hexdigest()}"
