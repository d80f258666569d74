"""One agent and a far end that a test plays by hand, message by message."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sipcli.core.agent import UserAgent
from sipcli.core.calls.events import CallEvent, CallId
from sipcli.core.requests.credentials import Credentials
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri, parse_uri
from tests.core.factories import half, ids, settings
from tests.core.wire import PASSWORD, Wire

AnyCallEvent = TypeVar("AnyCallEvent", bound=CallEvent)

BOB = SipUri.parse("sip:bob@example.com")
SDP = ("Content-Type", "application/sdp")
OFFER = b"v=0 offer"
ANSWER = b"v=0 answer"
BOBS_PHONE = "<sip:bob@192.0.2.7;transport=ws>"


class CallWire(Wire):
    """A connected agent that takes calls and does not register."""

    def __init__(
        self,
        *,
        draw: Callable[[], float] = half,
        credentials: Credentials | None = PASSWORD,
        takes_calls: bool = True,
        **changes: Any,
    ) -> None:
        given = settings(register=False, **changes)
        super().__init__(given, draw=draw, credentials=credentials)
        self.agent = UserAgent(
            given, credentials, ids(), draw, retry_forever=True, takes_calls=takes_calls
        )
        self.call_events: list[CallEvent] = []
        self.may_have_bugs = False
        self._counter = 0
        self.start()

    @property
    def calls(self) -> Any:
        return self.agent.calls

    def step(self, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
        result = super().step(act, *args, **named)
        assert self.may_have_bugs or self.calls.bugs == []
        self.call_events += self.agent.take_call_events()
        return result

    def heard(self, kind: type[AnyCallEvent]) -> list[AnyCallEvent]:
        """The events of one kind so far."""
        return [event for event in self.call_events if isinstance(event, kind)]

    def take(self) -> list[CallEvent]:
        """The events since the last time."""
        taken, self.call_events = self.call_events, []
        return taken

    def fresh(self) -> list[Request | Response]:
        """The messages sent since the last time."""
        messages = self.messages()
        self.sent.clear()
        return messages

    def words(self) -> list[str]:
        """The messages sent since the last time, as method or status and method."""
        return [word(message) for message in self.fresh()]

    # We call

    def invite(self, **named: Any) -> tuple[CallId, Request]:
        """Call Bob; returns the INVITE as it went out."""
        call = self.step(self.calls.invite, BOB, OFFER, **named)
        return call, self.requests("INVITE")[-1]

    def reply(
        self,
        request: Request,
        status: int,
        *headers: tuple[str, str],
        tag: str | None = "bob1",
        body: bytes = b"",
        contact: str | None = BOBS_PHONE,
    ) -> Response:
        """Have Bob answer a request of ours."""
        fields = list(headers)
        if contact and request.method in ("INVITE", "UPDATE") and status < 400:
            fields.append(("Contact", contact))
        if body:
            fields.append(SDP)
        response = build.response(request, status, to_tag=tag, headers=fields, body=body)
        self.receive(response)
        return response

    def talk(self, *headers: tuple[str, str]) -> tuple[CallId, Request]:
        """A confirmed call that we made; nothing told or sent is left over."""
        call, invite = self.invite()
        self.reply(invite, 200, *headers, body=ANSWER)
        self.take()
        self.sent.clear()
        return call, invite

    # We are called

    def ring(
        self,
        *headers: tuple[str, str],
        body: bytes = OFFER,
        call_id: str = "in-1",
        cseq: int = 10,
        contact: str | None = BOBS_PHONE,
        sender: str = '"Bob" <sip:bob@example.com>;tag=bobs',
    ) -> Request:
        """Have Bob call, or another `sender`."""
        self._counter += 1
        fields = [
            ("Via", f"SIP/2.0/WSS proxy.example;branch=z9hG4bKin{self._counter}"),
            ("To", "<sip:alice@example.com>"),
            ("From", sender),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} INVITE"),
            *([("Contact", contact)] if contact else []),
            *([SDP] if body else []),
            *headers,
        ]
        request = build.request("INVITE", parse_uri("sip:alice@example.com"), fields, body)
        self.receive(request)
        return request

    def ring_and_answer(self, *headers: tuple[str, str]) -> Request:
        """A confirmed call that Bob made; nothing told or sent is left over."""
        invite = self.ring(*headers)
        self.step(self.calls.accept, invite.call_id, ANSWER)
        self.receive(self.inside(self.responses()[-1], "ACK", cseq=10))
        self.take()
        self.sent.clear()
        return invite

    def cancel(self, invite: Request) -> None:
        """Have Bob cancel his INVITE."""
        self.receive(build.cancel_for(invite))

    # Within the dialog

    def inside(
        self,
        last: Request | Response,
        method: str,
        *headers: tuple[str, str],
        cseq: int = 20,
        body: bytes = b"",
        tag: str = "bob1",
        contact: str | None = BOBS_PHONE,
    ) -> Request:
        """A request of Bob's in the dialog that `last` of ours belongs to."""
        self._counter += 1
        if isinstance(last, Request):
            us, them = last.from_, last.to if last.to.tag else f"{last.to};tag={tag}"
        else:
            us, them = last.to, last.from_
        with_contact = contact and method in ("INVITE", "UPDATE")
        fields: Iterable[tuple[str, str]] = [
            ("Via", f"SIP/2.0/WSS proxy.example;branch=z9hG4bKin{self._counter}"),
            ("To", str(us)),
            ("From", str(them)),
            ("Call-ID", last.call_id),
            ("CSeq", f"{cseq} {method}"),
            *([("Contact", contact or "")] if with_contact else []),
            *headers,
            *([SDP] if body and not any(n == "Content-Type" for n, _ in headers) else []),
        ]
        return build.request(method, parse_uri("sip:alice@example.com"), fields, body)

    def referred(self, *fields: tuple[str, str]) -> CallId:
        """A call of ours whose far end sends a REFER with these fields."""
        call, invite = self.talk()
        self.receive(self.inside(invite, "REFER", *fields))
        return call


def word(message: Request | Response) -> str:
    """`INVITE`, or `200 INVITE`."""
    if isinstance(message, Request):
        return message.method
    return f"{message.status} {message.cseq.method}"
