"""The facts learnt while opening a WebSocket, phase by phase."""

from dataclasses import dataclass, field
from enum import StrEnum

from sipcli.net.certificate import Certificate, read_certificate


class Phase(StrEnum):
    """The steps of opening a WebSocket, in their order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    """The upgrade request and its answer (RFC 6455 §4.1)."""
    SUBPROTOCOL = "subprotocol"
    """The server's choice of `sip` (RFC 7118 §5.1)."""


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
    def certificate(self) -> Certificate | None:
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
