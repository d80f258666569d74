"""Why a connection could not be opened or has ended, and the facts learnt on the way."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sipcli.errors import Phase


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The fields of an X.509 certificate that explain why it is trusted or not."""

    subject: str
    """The distinguished name, written as in RFC 4514."""
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    """Host names and addresses it is valid for (subjectAltName, RFC 5280 §4.2.1.6)."""


def read_certificate(der: bytes) -> ServerCertificate | None:
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
        return ServerCertificate(
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            names=names,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDetails:
    """The facts learnt while opening the connection, up to where it failed."""

    server: str
    """The server's URI without secrets."""
    addresses: tuple[str, ...] = ()
    """All addresses that DNS returned, each with its port; none through a proxy."""
    peer_address: str | None = None
    """Address and port of the server; None through a proxy."""
    proxy: str | None = None
    """Host and port of the proxy; None without one."""
    tls_version: str | None = None
    """None without TLS, as are the next two."""
    cipher: str | None = None
    certificate_der: bytes | None = field(default=None, repr=False)
    """The server's certificate (DER), trusted or not."""
    subprotocol: str | None = None
    """None until the server has chosen it."""
    http_server: str | None = None
    """The Server header of the answer."""
    elapsed_ms: tuple[tuple[Phase, float], ...] = ()
    """Time spent in each phase (ms), in order; through a proxy, DNS, TCP and TLS are one phase."""
    warnings: tuple[str, ...] = ()
    """Warnings to show the user once."""

    @property
    def certificate(self) -> ServerCertificate | None:
        """The server's certificate; None without TLS."""
        return None if self.certificate_der is None else read_certificate(self.certificate_der)

    @property
    def summary(self) -> str:
        """All facts in one line, for a log."""
        steps = [f"{phase} {elapsed:.0f} ms" for phase, elapsed in self.elapsed_ms]
        parts = [
            f"addresses {', '.join(self.addresses)}" if self.addresses else "",
            f"by the proxy {self.proxy}" if self.proxy else "",
            f"connected to {self.peer_address}" if self.peer_address else "",
            f"{self.tls_version} {self.cipher}" if self.tls_version else "no TLS",
            f"subprotocol {self.subprotocol}" if self.subprotocol else "",
            f"server {self.http_server}" if self.http_server else "",
            *steps,
        ]
        return f"{self.server}: {'; '.join(filter(None, parts))}"


MAX_EXCERPT: Final = 120
"""Maximum characters of a peer's text that are quoted in one sentence."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem and, if known, a hint how to fix it; together they form a sentence."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.what}: {self.hint}" if self.hint else self.what


class DialError(Exception):
    """A server could not be reached: the phase that failed, and a sentence that says what to do."""

    def __init__(
        self, phase: Phase, problem: Problem, details: LinkDetails, status: int | None = None
    ) -> None:
        super().__init__(f"{details.server}: {problem}")
        self.server = details.server
        self.phase = phase
        self.problem = problem
        self.reason = str(problem)
        self.details = details
        """The facts learnt before the failure."""
        self.status = status
        """The HTTP status of a refused upgrade; None without one."""


class LinkClosed(Exception):  # noqa: N818 - says what happened, as an event does
    """An open connection has ended; nothing more can be received."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        """The close code (RFC 6455 §7.4); None if the connection ended without one."""
        self.reason = reason


def excerpt(text: str) -> str:
    """Shorten a peer's text to `MAX_EXCERPT` characters on one line. The output code escapes it.

    One line, because each line of an error is shown as a separate problem.
    """
    text = text.replace("\n", " ")
    return text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…"
