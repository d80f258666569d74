"""A dialog: its parties and route, and the one place that builds requests in it (RFC 3261 §12)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from sipcli.core.requests.route import send_through
from sipcli.sip import build
from sipcli.sip.address import Address
from sipcli.sip.bodies import SDP
from sipcli.sip.build import MAX_FORWARDS
from sipcli.sip.message import Message, Request, Response
from sipcli.sip.uri import SipUri, Uri

DialogId: TypeAlias = tuple[str, str, str]
"""Call-ID, local tag, remote tag (RFC 3261 §12); an absent tag of an old peer is empty."""

WITH_CONTACT: Final = frozenset({"INVITE", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY"})
"""Requests that say where we are: target refreshes, and those of subscriptions (RFC 6665 §8.2)."""


class Dialog:
    """The state of RFC 3261 §12.1 for one dialog, early or confirmed.

    `headers` stand in every request of ours: the privacy an anonymous call has asked for
    lasts as long as it does (RFC 3323 §4.1).
    """

    def __init__(
        self,
        call_id: str,
        local: Address,
        remote: Address,
        contact: str,
        *,
        cseq: int,
        remote_cseq: int | None,
        headers: tuple[tuple[str, str], ...] = (),
        owns_call_id: bool,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.contact = contact
        """Our Contact; the same for the dialog's whole life."""
        self.headers = headers
        self.owns_call_id = owns_call_id
        """True if the Call-ID is of our making: decides who waits longer after a 491 (§14.1)."""
        self.cseq = cseq
        """The number of our latest request."""
        self.remote_cseq = remote_cseq
        """The number of their latest request; None before the first."""
        self.route_set: tuple[Address, ...] = ()
        self.remote_target: Uri = remote.uri
        self.remote_allows: frozenset[str] = frozenset()
        """Methods the far end says it serves; empty if it has not said."""

    @classmethod
    def of_uac(cls, invite: Request, response: Response, target: Uri | None = None) -> "Dialog":
        """The dialog that a response with a To tag opens for us who called (§12.1.2).

        `target` is who was called, where a strict router stands in the Request-URI.
        """
        kept = ("Privacy", "P-Preferred-Identity")
        dialog = cls(
            invite.call_id,
            invite.from_,
            response.to,
            invite.headers.get("Contact") or "",
            cseq=invite.cseq.number,
            remote_cseq=None,
            headers=tuple((n, value) for n in kept for value in invite.headers.all(n)),
            owns_call_id=True,
        )
        dialog.remote_target = target or invite.uri
        dialog.learn_route(response)
        return dialog

    @classmethod
    def of_uas(cls, invite: Request, tag: str, contact: str) -> "Dialog":
        """The dialog that our answers with this To tag open for who called us (§12.1.1)."""
        local = replace(invite.to, params=invite.to.params.with_("tag", tag))
        dialog = cls(
            invite.call_id,
            local,
            invite.from_,
            contact,
            cseq=0,
            remote_cseq=invite.cseq.number,
            owns_call_id=False,
        )
        dialog.route_set = invite.record_routes
        dialog.refresh_target(invite)
        return dialog

    @property
    def id(self) -> DialogId:
        """The fields common to all requests of this dialog."""
        return (self.call_id, self.local.tag or "", self.remote.tag or "")

    @property
    def public_target(self) -> Uri:
        """Where a third party reaches the far end: a GRUU works anywhere, a Contact may not."""
        target = self.remote_target
        return target if isinstance(target, SipUri) and "gr" in target.params else self.remote.uri

    def __str__(self) -> str:
        return " ".join(self.id)

    def learn_route(self, response: Response) -> None:
        """Take the route set from a 1xx, and once more from the 2xx (§12.1.2, §13.2.2.4)."""
        self.route_set = response.record_routes[::-1]
        self.refresh_target(response)

    def refresh_target(self, message: Message) -> None:
        """Take the far end's Contact and Allow, where it shows them (§12.2.1.2, §12.2.2)."""
        for contact in message.contacts[:1]:
            if isinstance(contact.uri, SipUri):
                # A Request-URI has no headers part (§19.1.1).
                has_headers = bool(contact.uri.headers)
                self.remote_target = (
                    replace(contact.uri, headers=()) if has_headers else contact.uri
                )
        if "Allow" in message.headers:
            self.remote_allows = frozenset(message.allow)

    def next_cseq(self) -> int:
        """The number for the next request of ours, counted."""
        self.cseq += 1
        return self.cseq

    def is_in_order(self, request: Request) -> bool:
        """True if a request of theirs is not older than one we have seen; notes its number."""
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def request(
        self,
        method: str,
        user_agent: str,
        *,
        cseq: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str = SDP,
    ) -> Request:
        """A request in this dialog without its Via; `cseq`: that of the INVITE for an ACK."""
        target, routes = send_through(self.remote_target, self.route_set)
        number = self.next_cseq() if cseq is None else cseq
        fields = [
            *(("Route", route) for route in routes),
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("To", str(self.remote)),
            ("From", str(self.local)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            *((("Contact", self.contact),) if method in WITH_CONTACT else ()),
            *self.headers,
            *headers,
            ("User-Agent", user_agent),
            *((("Content-Type", content_type),) if body else ()),
        ]
        return build.request(method, target, fields, body)
