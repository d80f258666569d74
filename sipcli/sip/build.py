"""Build requests, responses, ACK and CANCEL (RFC 3261 §8.2.6, §9.1, §17.1.1.3).

Values from a received message are copied unchanged, except that they are unfolded: they need not
follow the rules for what we write ourselves, so that any request can be answered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from sipcli.sip.grammar import TOKEN, Malformed, refuse_unwritable
from sipcli.sip.headers import Headers, line
from sipcli.sip.message import Fault, Request, Response
from sipcli.sip.status import reason_phrase
from sipcli.sip.uri import Uri, parse_uri

USELESS: Final = "the answer cannot be used"
"""The start of the reason phrase of the 502 from `useless_answer`."""

MAX_FORWARDS: Final = 70
"""Max-Forwards of a new request (RFC 3261 §8.1.1.6)."""


def request(
    method: str, uri: Uri, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> Request:
    """Build a request; raises `Malformed` for parts that cannot be written."""
    if TOKEN.fullmatch(method) is None:
        raise Malformed("the method is not a token")
    target = str(uri)
    parse_uri(target)
    return Request(method=method, target=target, headers=Headers(headers), body=body)


def response(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """Build the response to `request` (RFC 3261 §8.2.6).

    All Via elements, From, To, Call-ID and CSeq are those of the request, if it has them;
    `to_tag` is added to a To that is well-formed and has none. A Timestamp is returned only in a
    100: later it would need a delay that we do not measure. Raises `Malformed` for values of ours
    that cannot be written, never for those of the peer.
    """
    phrase = reason_phrase(status) if reason is None else reason
    refuse_unwritable(phrase, "a reason phrase")
    if not 100 <= status <= 699:
        raise Malformed("a status is between 100 and 699")
    lines = list(_copies(request, "Via"))
    lines += _first(request, "From")
    lines += [_tagged(request, text, to_tag) for text in _first(request, "To")]
    lines += _first(request, "Call-ID")
    lines += _first(request, "CSeq")
    if status == 100:
        lines += _first(request, "Timestamp")
    lines += [line(name, value) for name, value in headers]
    return Response(status=status, reason=phrase, headers=Headers.from_lines(lines), body=body)


def useless_answer(request: Request, fault: Fault) -> Response:
    """Build the 502 that stands for an unusable response to our own `request`.

    As 408 and 503 stand for no answer and for no transport (RFC 3261 §8.1.3.1), 502 stands for
    an invalid one (§21.5.3). It was never on the wire; its `faults` say so.
    """
    answer = response(request, 502, f"{USELESS}: {fault.reason}")
    return replace(answer, faults=(fault,))


def ack_for(invite: Request, response: Response) -> Request:
    """Build the ACK for a 300 to 699 to our own `invite` (RFC 3261 §17.1.1.3)."""
    return _same_transaction("ACK", invite, _first(response, "To"))


def cancel_for(invite: Request) -> Request:
    """Build the CANCEL for our own `invite` (RFC 3261 §9.1)."""
    return _same_transaction("CANCEL", invite, _first(invite, "To"))


def _same_transaction(method: str, invite: Request, to: list[str]) -> Request:
    """Build a request with the branch of the INVITE, which only the next hop matches."""
    lines = [f"Via: {value}" for value in invite.headers.values("Via")[:1]]
    lines += _copies(invite, "Route")
    lines += [f"Max-Forwards: {MAX_FORWARDS}"]
    lines += _first(invite, "From")
    lines += to
    lines += _first(invite, "Call-ID")
    lines += [f"CSeq: {invite.cseq.number} {method}"]
    return Request(method=method, target=invite.target, headers=Headers.from_lines(lines))


def _copies(message: Request | Response, name: str) -> Iterator[str]:
    return (f"{name}: {value}" for value in message.headers.all(name))


def _first(message: Request | Response, name: str) -> list[str]:
    return list(_copies(message, name))[:1]


def _tagged(request: Request, to: str, tag: str | None) -> str:
    if tag is None:
        return to
    if TOKEN.fullmatch(tag) is None:
        raise Malformed("the tag is not a token")
    try:
        return to if request.to.tag is not None else f"{to};tag={tag}"
    except Malformed:
        return to
