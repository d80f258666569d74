"""Everything that can be done with bytes from a peer, done at once."""

import re

from sipcli.sip import build
from sipcli.sip.bodies import decode_text, find_body, must_refuse
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Message, Request
from sipcli.sip.parser import encode, parse
from sipcli.sip.validate import check

MANDATORY = {"vias", "via", "from_", "to", "call_id", "cseq"}
"""What may raise `Malformed`, and nothing else."""
OPTIONAL = {name for name in vars(Message) if not name.startswith("_")} - MANDATORY

REASON = re.compile(r"[A-Za-z0-9 \-_.!~*'();/?:@&=+$,]+")
"""What a reason phrase may hold unescaped (RFC 3261 §25.1): a fault's is fit to be one."""


def exercise(data: bytes) -> None:
    """Parse, check, read every field, write all of it, and answer; any exception is a defect."""
    message = parse(data).message
    if message is None:
        return
    faults = check(message)
    assert all(REASON.fullmatch(fault.reason) for fault in faults)
    for name in OPTIONAL:
        write(getattr(message, name))
    for name in MANDATORY | ({"uri"} if isinstance(message, Request) else set()):
        try:
            value = getattr(message, name)
        except Malformed:
            assert faults  # what cannot be read is told
        else:
            write(value)
    for kinds in (("application/sdp",), ("text/plain", "message/cpim")):
        body = find_body(message, kinds)
        must_refuse(message, kinds, is_strict=True)
        if body is not None:
            decode_text(body.content, body.kind.params.get("charset"))
    for name, value in message.headers:
        assert not set("\r\n") & set(name + value)
    repr(message)
    encode(message)
    if isinstance(message, Request):
        reason = faults[0].reason if faults else None
        encode(build.response(message, 400, reason, to_tag="t"))


def write(value: object) -> None:
    """What could be read can be written."""
    for one in value if isinstance(value, tuple) else (value,):
        str(one)
