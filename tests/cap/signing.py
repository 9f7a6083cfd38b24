"""Keys and certificates made up for a test, and messages signed with them."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.signer import XMLSigner

from services.runtime.trust import digest_of


class Signer:
    """One party with a key and a certificate that is valid in `years`."""

    def __init__(self, begins: str = "2026-01-01", ends: str = "2027-01-01") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kestrel")])
        start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begins, ends))
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(7).not_valid_before(start).not_valid_after(end + timedelta(0))
        self.certificate = builder.sign(self.key, SHA256())

    @property
    def fingerprint(self) -> str:
        """As the register pins it."""
        return digest_of(self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def sign(self, data: bytes) -> bytes:
        """The message with an enveloped signature at its end."""
        signer = XMLSigner(
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        pem = self.certificate.public_bytes(Encoding.PEM).decode()
        return etree.tostring(signer.sign(etree.fromstring(data), key=self.key, cert=pem))
