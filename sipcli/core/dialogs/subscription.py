"""Subscriptions in a dialog, both ends: who notifies, and who is notified (RFC 6665).

A REFER makes one without a SUBSCRIBE (RFC 3515 §2.4.4).
"""

from dataclasses import dataclass
from typing import Final

from sipcli.core.dialogs.usage import DialogUsage
from sipcli.core.requests import uas_checks
from sipcli.core.requests.exchange import Outcome, Unanswered
from sipcli.core.requests.queries import final_status
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.bodies import find_body

NO_SUBSCRIPTION: Final = frozenset({404, 405, 408, 410, 416, *range(480, 486), 489, 501, 604})
"""Responses to a NOTIFY that end the subscription (RFC 6665 §4.2.2; 408 counts as no response)."""


class Notifier:
    """Sends the NOTIFYs of one subscription of the far end's, until the last of them.

    `event` is the value of the Event field: the package, with an id where there are several.
    """

    def __init__(self, usage: DialogUsage, event: str) -> None:
        self._usage = usage
        self._event = event
        self.is_over = False
        """True after the last NOTIFY, and once the far end wants no more."""

    def notify(
        self, body: bytes, content_type: str, now: float, *, expires: int, is_final: bool
    ) -> None:
        """Send a NOTIFY; `expires`: seconds that the subscription lasts, unless it `is_final`."""
        if self.is_over or self._usage.is_over:
            return
        self.is_over = is_final
        state = "terminated;reason=noresource" if is_final else f"active;expires={expires}"
        headers = [("Event", self._event), ("Subscription-State", state)]
        self._usage.ask(
            "NOTIFY", self._on_outcome, now, headers=headers, body=body, content_type=content_type
        )

    def _on_outcome(self, outcome: Outcome, now: float) -> None:
        """End the subscription if the far end has none; the usage may end the dialog."""
        if isinstance(outcome, Unanswered) or final_status(outcome) in NO_SUBSCRIPTION:
            self.is_over = True


@dataclass(frozen=True, slots=True)
class Notification:
    """The content of a NOTIFY."""

    body: bytes | None
    """None without one of a type that the package has."""
    is_last: bool
    """True if the far end says that the subscription is terminated (§4.1.3)."""


def receive_notify(
    usage: DialogUsage, inbound: Inbound, package: str, now: float, *, is_subscribed: bool
) -> Notification | None:
    """Answer a NOTIFY and return its content; None if it was refused.

    It may come before the answer to the request that subscribes (RFC 6665 §4.1.2.4).
    """
    request = inbound.request
    event, state = request.event, request.subscription_state
    if event is None or event.package != package:
        usage.respond(inbound, 489, now, headers=(uas_checks.ALLOW_EVENTS,))
        return None
    if not is_subscribed:
        usage.respond(inbound, 481, now)
        return None
    usage.respond(inbound, 200, now)
    body = find_body(request, uas_checks.EVENT_PACKAGES[package])
    is_last = state is not None and state.state == "terminated"
    return Notification(None if body is None else body.content, is_last)
