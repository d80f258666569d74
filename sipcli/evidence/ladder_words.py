"""What a ladder says about a message: a label, and notes on the header fields that matter to it."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from sipcli.evidence.sip_facts import SipFacts, brief, brief_uri
from sipcli.sip.auth import parse_challenges
from sipcli.sip.bodies import SDP
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Message, Request, Response

MAX_LABEL: Final = 80
"""Characters of a label."""
MAX_METHOD: Final = 30
"""Of them, of the method that a response answers."""
MAX_NOTE: Final = 120
"""Characters of a note."""
_MOST_OF_A_KIND: Final = 2
"""Notes on header fields or elements of the same name."""
_CREDENTIALS: Final = ("Authorization", "Proxy-Authorization")
_CHALLENGES: Final = ("WWW-Authenticate", "Proxy-Authenticate")


class MessageKind(StrEnum):
    """What kind of message an arrow stands for."""

    REQUEST = "request"
    PROVISIONAL = "provisional"
    SUCCESS = "success"
    REDIRECTION = "redirection"
    CHALLENGE = "challenge"
    """401 or 407: the client is to prove who it is."""
    FAILURE = "failure"
    MALFORMED = "malformed"
    """No SIP message, or one whose first line cannot be read."""


_KINDS: Final = {
    1: MessageKind.PROVISIONAL,
    2: MessageKind.SUCCESS,
    3: MessageKind.REDIRECTION,
}


def kind_of(message: SipFacts) -> MessageKind:
    """Return the kind of a message."""
    match message.message:
        case Request():
            return MessageKind.REQUEST
        case Response(status=401 | 407):
            return MessageKind.CHALLENGE
        case Response(status=status) if status > 0:
            return _KINDS.get(status // 100, MessageKind.FAILURE)
        case _:
            return MessageKind.MALFORMED


def label_of(message: SipFacts) -> str:
    """Return a short label: that of its message, or how many bytes there are in place of one."""
    if message.message is None:
        return f"{len(message.entry.data)} bytes that are not SIP"
    return message_label(message.message)


def message_label(message: Message) -> str:
    """Return a short label: `INVITE`, `re-INVITE`, `180 Ringing (INVITE)`."""
    match message:
        case Request(method="INVITE") if ";tag=" in (message.headers.get("To") or ""):
            return "re-INVITE"
        case Request(method=method):
            return brief(method, MAX_LABEL)
        case Response(status=status, reason=reason) if status > 0:
            method = brief((message.headers.get("CSeq") or "?").rpartition(" ")[2], MAX_METHOD)
            return f"{brief(f'{status} {reason}'.rstrip(), MAX_LABEL - len(method) - 3)} ({method})"
        case _:
            return "a response whose first line is not readable"


def notes_of(message: SipFacts) -> tuple[str, ...]:
    """Return what a reader wants to know besides the label; nothing that is secret."""
    found = message.message
    if isinstance(found, Request):
        notes = (*_of_request(message, found), *_of_body(found))
    elif isinstance(found, Response) and found.status > 0:
        notes = (*_of_response(message, found), *_of_body(found))
    else:
        notes = ()
    return tuple(brief(note, MAX_NOTE) for note in notes)


def _of_request(message: SipFacts, request: Request) -> Iterator[str]:
    is_new = message.to_tag is None and request.method not in ("REGISTER", "ACK", "CANCEL")
    if is_new and message.only_via is not None:  # a proxy only fills in where the user is
        yield f"to {_target(request)}"
    special = _OF_METHOD.get(request.method)
    if special is not None:
        yield from special(request)
    if request.method != "ACK" and any(name in request.headers for name in _CREDENTIALS):
        yield "with credentials"
    if request.replaces is not None:
        yield "with Replaces"
    yield from _of_reasons(request)


def _target(request: Request) -> str:
    try:
        return brief_uri(request.uri)
    except Malformed:
        return "a malformed URI"


def _of_register(request: Request) -> Iterator[str]:
    expires = request.expires
    for contact in request.contacts[:1]:
        own = contact.params.get("expires")
        if own is not None and own.isdecimal():
            expires = int(own[:10])
    if expires is not None:
        yield f"expires {expires} s" if expires else "expires 0: unregisters"


def _of_refer(request: Request) -> Iterator[str]:
    target = request.refer_to
    if target is not None:
        is_attended = "Replaces=" in str(target.uri)
        yield f"Refer-To {brief_uri(target.uri)}{' with Replaces' if is_attended else ''}"


def _of_notify(request: Request) -> Iterator[str]:
    if request.event is not None:
        yield request.event.package
    if request.subscription_state is not None:
        reason = request.subscription_state.reason
        yield request.subscription_state.state + (f" ({reason})" if reason else "")
    kind = request.content_type
    if kind is not None and kind.essence == "message/sipfrag":
        yield request.body[:MAX_NOTE].partition(b"\r\n")[0].decode("utf-8", "replace")


def _of_prack(request: Request) -> Iterator[str]:
    if request.rack is not None:
        yield f"RAck {request.rack.rseq}"


_OF_METHOD: Final[Mapping[str, Callable[[Request], Iterator[str]]]] = {
    "REGISTER": _of_register,
    "REFER": _of_refer,
    "NOTIFY": _of_notify,
    "PRACK": _of_prack,
}


def _of_response(message: SipFacts, response: Response) -> Iterator[str]:
    status = response.status
    if status in (401, 407):
        yield from _of_challenges(response)
    if response.rseq is not None:
        yield f"reliable, RSeq {response.rseq}"
    if status // 100 == 3:
        for contact in response.contacts[:_MOST_OF_A_KIND]:
            yield f"Contact {brief_uri(contact.uri)}"
    if status == 423 and response.min_expires is not None:
        yield f"Min-Expires {response.min_expires} s"
    if response.retry_after is not None:
        yield f"Retry-After {response.retry_after.seconds} s"
    for warning in response.warnings[:_MOST_OF_A_KIND]:
        yield f"Warning {warning.code}: {brief(warning.text)}"
    yield from _of_reasons(response)


def _of_challenges(response: Response) -> Iterator[str]:
    """Name the algorithms that are asked for in each realm."""
    lines = (line for name in _CHALLENGES for line in response.headers.all(name))
    algorithms: dict[tuple[str, str, bool], list[str]] = {}
    for each in parse_challenges(lines):
        known = algorithms.setdefault((each.scheme, each.realm, each.stale), [])
        known.append(each.algorithm or "MD5")
    for (scheme, realm, is_stale), names in [*algorithms.items()][:_MOST_OF_A_KIND]:
        stale = ", stale" if is_stale else ""
        yield f"{brief(scheme)} {' or '.join(names)}, realm {brief(realm)}{stale}"


def _of_reasons(message: Request | Response) -> Iterator[str]:
    for reason in message.reasons[:_MOST_OF_A_KIND]:
        cause = f" {reason.cause}" if reason.cause is not None else ""
        text = f": {brief(reason.text)}" if reason.text else ""
        yield f"Reason {brief(reason.protocol)}{cause}{text}"


def _of_body(message: Request | Response) -> Iterator[str]:
    """Name a body that nothing else mentions. Its words are not shown: they may be private."""
    kind = message.content_type
    if message.body and (kind is None or kind.essence not in (SDP, "message/sipfrag")):
        yield f"{kind.essence if kind is not None else 'body'}, {len(message.body)} bytes"
