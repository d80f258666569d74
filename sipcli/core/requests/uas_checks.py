"""Check incoming requests before they are served, inside and outside dialogs (RFC 3261 §8.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcli.config.server_settings import WsServer
from sipcli.core.requests.identity import Identity
from sipcli.core.requests.requester import ALLOW, CALL_SUPPORTED, SUPPORTED
from sipcli.core.requests.route import is_sips
from sipcli.sip.bodies import CPIM, MULTIPART, SDP, is_plain, must_refuse
from sipcli.sip.message import Fault, Request
from sipcli.sip.uri import SipUri

KNOWN_METHODS: Final = frozenset(
    [
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    ]
)
"""Methods with an RFC: those that we do not serve get 405, all others 501 (§8.2.1, §21.5.2)."""
OPTION_TAGS: Final = tuple(sorted({*SUPPORTED, *CALL_SUPPORTED}))
"""All extensions that we know."""
_SDP: Final = (SDP,)
EVENT_PACKAGES: Final = {"refer": ("message/sipfrag",)}
"""The event packages that we support, with the body types of their NOTIFYs (RFC 3515 §2.4.5)."""
ACCEPT: Final = {
    "MESSAGE": ("text/plain", CPIM),
    "INVITE": _SDP,
    "UPDATE": _SDP,
    "PRACK": _SDP,
    "INFO": ("application/dtmf-relay", "application/dtmf"),
    "NOTIFY": tuple(kind for kinds in EVENT_PACKAGES.values() for kind in kinds),
    "OPTIONS": (),
}
"""Body types that each method accepts, also inside multipart; no body is always fine."""
IN_DIALOG_ONLY: Final = frozenset({"BYE", "CANCEL", "INFO", "PRACK", "UPDATE"})
"""Methods that need an existing dialog or transaction."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to send: its status, and header fields that explain it."""

    status: int
    reason: str | None = None
    """Reason phrase; None: the usual one."""
    headers: tuple[tuple[str, str], ...] = ()


ALLOW_EVENTS: Final = ("Allow-Events", ", ".join(EVENT_PACKAGES))
"""The event packages that we support (RFC 6665 §8.2.2); a 489 has to list them."""


def allow() -> tuple[str, str]:
    """The Allow field: the methods that we serve."""
    return ("Allow", ", ".join(ALLOW))


def refuse_faults(faults: Iterable[Fault]) -> Answer | None:
    """The answer to a request that is not well-formed; None if it is."""
    for fault in faults:
        return Answer(fault.status, _one_line(fault.reason))
    return None


def refuse(request: Request, identity: Identity, *, is_merged: bool) -> Answer | None:
    """The refusal that a well-formed request without a dialog deserves; None: it may be served.

    In the order of RFC 3261 §8.2, except that the Request-URI is checked last: other faults make
    for a more useful response. `is_merged` is True for a copy that came over another path
    (§8.2.2.2).
    """
    return (
        _refuse_method(request)
        or _refuse_tag(request)
        or (Answer(482, "Merged Request") if is_merged else None)
        or _refuse_requirements(request)
        or _refuse_content(request)
        or _refuse_user(request, identity)
    )


def refuse_sips(request: Request, server: WsServer) -> Answer | None:
    """The refusal of a `sips` request that arrived without TLS, which breaks its guarantee.

    None: it may be served (RFC 5630 §5.1.2).
    """
    if not is_sips(request.uri) or server.secure:
        return None
    return Answer(480, headers=(("Warning", '380 sipcli "SIPS Not Allowed"'),))


def answer_options() -> Answer:
    """The response to OPTIONS: our capabilities (RFC 3261 §11.2)."""
    kinds = [kind for kinds in (*ACCEPT.values(), MULTIPART) for kind in kinds]
    accept = ", ".join(dict.fromkeys(kinds))
    return Answer(
        200,
        headers=(
            allow(),
            ALLOW_EVENTS,
            ("Accept", accept),
            ("Accept-Encoding", "identity"),
            ("Accept-Language", "en"),
            ("Supported", ", ".join(OPTION_TAGS)),
        ),
    )


def refuse_inside(request: Request) -> Answer | None:
    """The refusal that a request within a dialog deserves (§12.2.2); None: it may be served."""
    return (
        _refuse_method(request)
        or _refuse_requirements(request)
        or _refuse_info_package(request)
        or _refuse_content(request)
    )


def _refuse_method(request: Request) -> Answer | None:
    if request.method in ("SUBSCRIBE", "NOTIFY"):
        return None  # understood well enough to say which part of it is not: _refuse_tag, 489
    if request.method not in KNOWN_METHODS:
        return Answer(501, headers=(allow(),))
    if request.method not in ALLOW:
        return Answer(405, headers=(allow(),))
    return None


def _refuse_user(request: Request, identity: Identity) -> Answer | None:
    uri = request.uri
    if request.method == "OPTIONS" and isinstance(uri, SipUri) and uri.user is None:
        return None  # a server that asks who is at the other end of its connection (§11.2)
    return None if identity.is_us(uri) else Answer(404)


def _refuse_tag(request: Request) -> Answer | None:
    """A To tag means a dialog, as some methods do: none is ours (§12.2.2, RFC 6665 §4.1.3)."""
    if request.to.tag is not None or request.method in IN_DIALOG_ONLY:
        return Answer(481)
    if request.method == "REFER":
        return Answer(403, "Only Within A Call")
    if request.method in ("SUBSCRIBE", "NOTIFY"):
        return Answer(489, headers=(allow(), ALLOW_EVENTS))
    return None


def _refuse_requirements(request: Request) -> Answer | None:
    unknown = [tag for tag in request.require if tag not in OPTION_TAGS]
    if unknown:
        return Answer(420, headers=(("Unsupported", ", ".join(unknown)),))
    return None


def _refuse_info_package(request: Request) -> Answer | None:
    """Refuse Info Packages: we only support the legacy use without one (RFC 6086 §4.2.2)."""
    if request.method == "INFO" and "Info-Package" in request.headers:
        return Answer(469, headers=(("Recv-Info", ""),))
    return None


def _refuse_content(request: Request) -> Answer | None:
    accepted = ACCEPT.get(request.method, ())
    is_strict = request.method == "MESSAGE"  # never drop content that a person would miss
    if not accepted or not must_refuse(request, accepted, is_strict=is_strict):
        return None
    if not is_plain(request):
        return Answer(415, headers=(("Accept-Encoding", "identity"),))
    return Answer(415, headers=(("Accept", ", ".join((*accepted, *MULTIPART))),))


def _one_line(text: str) -> str:
    """Make a text fit for a reason phrase: printable ASCII, at most 120 characters."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:120]
