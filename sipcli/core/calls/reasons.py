"""Read the cause of a call's end from Reason fields (RFC 3326 §2, RFC 6432)."""

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
