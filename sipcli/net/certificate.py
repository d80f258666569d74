"""Read the fields of a server's certificate that explain whether it is trusted (RFC 5280)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Certificate:
    """The fields of an X.509 certificate that explain why it is trusted or not."""

    subject: str
    """The distinguished name, written as in RFC 4514."""
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    """Host names and addresses it is valid for (subjectAltName, RFC 5280 §4.2.1.6)."""


def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate in DER; None if it is malformed.

    The import is late because reading one is rare (a failed connection, `doctor`), and the
    package takes as long to import as a connection takes to open.
    """
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(der)
        names: tuple[str, ...] = ()
        for extension in found.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                hosts = extension.value.get_values_for_type(x509.DNSName)
                addresses = extension.value.get_values_for_type(x509.IPAddress)
                names = (*hosts, *map(str, addresses))
        return Certificate(
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            names=names,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
