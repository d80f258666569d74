"""Reason fields: why a call ended (RFC 3326 §2, RFC 6432)."""

from sipcli.sip.grammar import quote
from sipcli.sip.header_values import Reason
from sipcli.sip.message import Message, Request


def why(request: Request) -> tuple[int | None, str | None]:
    """Cause (a SIP status) and text that a BYE or CANCEL gives."""
    for reason in request.reasons:
        if reason.protocol.upper() == "SIP":
            return reason.cause, reason.text
    return None, next((reason.text for reason in request.reasons if reason.text), None)


def q850(message: Message | None) -> Reason | None:
    """The telephone network's cause (ITU-T Q.850) from a gateway's request or response."""
    reasons = message.reasons if message is not None else []
    return next((reason for reason in reasons if reason.protocol.upper() == "Q.850"), None)


def reason_field(status: int, text: str) -> tuple[str, str]:
    """A Reason field with a SIP cause (RFC 3326 §2)."""
    return ("Reason", f"SIP;cause={status};text={quote(text)}")
