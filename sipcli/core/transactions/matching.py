"""Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3)."""

from typing import TypeAlias

from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Message, Request, Response

TransactionKey: TypeAlias = tuple[str, ...]
"""What the messages of one transaction have in common."""

MergeKey: TypeAlias = tuple[str, str | None, int, str]
"""Call-ID, From tag, and both parts of CSeq."""


def client_key(message: Message) -> TransactionKey:
    """Branch and method: what a response and its request have in common (RFC 3261 §17.1.3)."""
    return (message.via.branch or "", message.cseq.method)


def server_key(request: Request, method: str | None = None) -> TransactionKey:
    """The key that identifies a server transaction (RFC 3261 §17.2.3).

    `method` asks for the key that the request would have with that method: INVITE for an
    ACK or a CANCEL. Branches without the magic cookie, or with nothing behind it, fall
    back to the rules for RFC 2543 peers.
    """
    via = request.via
    method = method or request.method
    if via.is_of_rfc3261:
        return (via.branch or "", via.host, str(via.port), method)
    tag = request.from_.tag or ""
    return (str(request.uri), tag, request.call_id, str(request.cseq.number), str(via), method)


def merge_key(request: Request) -> MergeKey:
    """What a request has in common with a copy of it over another path (RFC 3261 §8.2.2.2)."""
    cseq = request.cseq
    return (request.call_id, request.from_.tag, cseq.number, cseq.method)


def may_answer(request: Request, response: Response) -> bool:
    """True if a response of which Via or CSeq is malformed can be the answer to `request`."""
    try:
        return response.via.branch == request.via.branch
    except Malformed:
        pass
    return is_about(request, response)


def is_about(request: Request, response: Response) -> bool:
    """True if a response names the same Call-ID and CSeq as `request`, malformed or not."""
    ours, theirs = request.headers, response.headers
    return all(ours.get(name) == theirs.get(name) for name in ("Call-ID", "CSeq"))


def is_within(request: Request) -> bool:
    """True if a request refers to a dialog or an earlier request: BYE, CANCEL, re-INVITE.

    Strangers can claim that too, but then they get a 481 at once.
    """
    return request.to.tag is not None or request.method == "CANCEL"
