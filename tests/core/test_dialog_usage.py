"""A usage of a dialog that is no call: what core/dialogs has for a SUBSCRIBE (RFC 6665)."""

import pytest

from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.services import DialogServer
from sipcli.core.dialogs.subscription import Notification, receive_notify
from sipcli.core.dialogs.usage import DialogUsage
from sipcli.core.requests.exchange import Exchange, FinalResponse, Outcome
from sipcli.core.transactions.layer import Inbound
from sipcli.sip import build
from sipcli.sip.message import Request
from tests.core.call_wire import BOB, BOBS_PHONE, CallWire

PROXY = "<sip:proxy.example;lr>"
EXPIRES_S = 600
EVENT = ("Event", "refer")  # the one package that there is
ACTIVE = ("Subscription-State", "active;expires=600")
RINGING = b"SIP/2.0 180 Ringing\r\n"


class Subscriber:
    """Subscribes to a package, and refreshes halfway, as a command of ours could."""

    def __init__(self, wire: CallWire) -> None:
        self.wire = wire
        self.services = wire.agent.dialogs
        self.services.serve(self.find)
        self.usage: DialogUsage | None = None
        self.told: list[Notification] = []
        self.gone: list[tuple[int, str]] = []
        flow = wire.agent.flow
        assert flow is not None
        requester = self.services.requester
        contact = ("Contact", requester.contact("SUBSCRIBE", BOB, flow))
        headers = [contact, EVENT, ("Expires", str(EXPIRES_S))]
        request = requester.out_of_dialog("SUBSCRIBE", BOB, flow, headers=headers)
        wire.step(Exchange(request, flow, requester, self._on_first).start)
        self.request = wire.last()

    def _on_first(self, _: Exchange, outcome: Outcome, now: float) -> None:
        if isinstance(outcome, FinalResponse) and self.usage is None:
            self._open(Dialog.of_uac(outcome.request, outcome.response), now)

    def _open(self, dialog: Dialog, now: float) -> None:
        self.usage = DialogUsage(dialog, self.services, self._on_gone)
        self.usage.is_confirmed = True
        self.refresh_timer = self.usage.new_timer(self._refresh)
        self.refresh_timer.start(now + EXPIRES_S / 2)

    def _refresh(self, now: float) -> None:
        assert self.usage is not None
        headers = [EVENT, ("Expires", str(EXPIRES_S))]
        self.usage.ask("SUBSCRIBE", self._on_refreshed, now, headers=headers)

    def _on_refreshed(self, outcome: Outcome, now: float) -> None:
        if isinstance(outcome, FinalResponse) and outcome.response.status == 200:
            self.refresh_timer.start(now + EXPIRES_S / 2)

    def _on_gone(self, status: int, reason: str, now: float) -> None:
        assert self.usage is not None
        self.usage.is_over = True
        self.gone.append((status, reason))

    # DialogServer

    def find(self, request: Request) -> DialogServer | None:
        tags = (request.call_id, request.to.tag)
        return self if tags == (self.request.call_id, self.request.from_.tag) else None

    def admits(self, inbound: Inbound, now: float) -> bool:
        if self.usage is None:  # the first NOTIFY may be faster than the 2xx (§4.4.1)
            ours = self.request.from_.tag or ""
            dialog = Dialog.of_uas(inbound.request, ours, self.request.headers.get("Contact") or "")
            dialog.cseq = self.request.cseq.number
            self._open(dialog, now)
        assert self.usage is not None
        return self.usage.admits(inbound, now)

    def receive(self, inbound: Inbound, now: float) -> None:
        assert self.usage is not None
        told = receive_notify(
            self.usage, inbound, "refer", now, is_subscribed=not self.usage.is_over
        )
        if told is not None:
            self.told.append(told)

    def acknowledged(self, ack: Request, now: float) -> None:
        raise AssertionError("a subscription has no INVITE")


def notify(wire: CallWire, request: Request, *headers: tuple[str, str], cseq: int = 1) -> Request:
    more = headers or (EVENT, ACTIVE)
    kind = ("Content-Type", "message/sipfrag")
    routed = ("Record-Route", PROXY), ("Contact", BOBS_PHONE)
    return wire.inside(request, "NOTIFY", *more, kind, *routed, cseq=cseq, body=RINGING)


def accept(wire: CallWire, request: Request) -> None:
    headers = [("Record-Route", PROXY), ("Contact", BOBS_PHONE), ("Expires", "600")]
    wire.receive(build.response(request, 200, to_tag="bob1", headers=headers))


@pytest.mark.parametrize("is_notified_first", [False, True])
def test_a_subscription_is_notified_and_refreshed_in_its_dialog(is_notified_first: bool) -> None:
    wire = CallWire()
    subscriber = Subscriber(wire)
    if is_notified_first:
        wire.receive(notify(wire, subscriber.request))
        accept(wire, subscriber.request)
    else:
        accept(wire, subscriber.request)
        wire.receive(notify(wire, subscriber.request))
    assert wire.responses()[-1].status == 200
    assert subscriber.told == [Notification(RINGING, is_last=False)]
    for _ in range(2):
        wire.advance(EXPIRES_S / 2)
        refresh = wire.requests("SUBSCRIBE")[-1]
        accept(wire, refresh)
    assert refresh.cseq.number == subscriber.request.cseq.number + 2
    assert refresh.to.tag == "bob1"
    assert refresh.headers.values("Route") == (PROXY,)
    assert refresh.target == BOBS_PHONE.strip("<>")
    assert refresh.headers.get("Contact") == subscriber.request.headers.get("Contact")
    assert wire.call_events == []


def test_a_subscription_refuses_what_is_out_of_order_or_of_another_package() -> None:
    wire = CallWire()
    subscriber = Subscriber(wire)
    accept(wire, subscriber.request)
    wire.receive(notify(wire, subscriber.request, cseq=5))
    wire.receive(notify(wire, subscriber.request, cseq=4))
    wire.receive(notify(wire, subscriber.request, ("Event", "presence"), ACTIVE, cseq=6))
    assert [one.status for one in wire.responses()] == [200, 500, 489]
    assert wire.responses()[-1].headers.get("Allow-Events") == "refer"
    assert len(subscriber.told) == 1


@pytest.mark.parametrize("status", [408, 481, None])
def test_a_subscription_ends_where_the_far_end_has_no_such_dialog(status: int | None) -> None:
    wire = CallWire()
    subscriber = Subscriber(wire)
    accept(wire, subscriber.request)
    wire.advance(EXPIRES_S / 2)
    if status is None:
        wire.advance(32)
    else:
        wire.receive(build.response(wire.last(), status))
    ((said, reason),) = subscriber.gone
    assert said == (status or 408)
    assert "SUBSCRIBE" in reason
    wire.receive(notify(wire, subscriber.request))
    assert wire.responses()[-1].status == 481
    assert wire.agent.deadline() is None


def test_a_bug_of_a_usage_harms_no_call() -> None:
    wire = CallWire()
    subscriber = Subscriber(wire)
    accept(wire, subscriber.request)
    call, _ = wire.talk()
    wire.may_have_bugs = True
    subscriber.usage = None  # so that its refresh raises
    wire.advance(EXPIRES_S)
    assert [type(bug) for bug in wire.calls.bugs] == [AssertionError]
    wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=1")
    assert wire.last().method == "INFO"
