"""The public events that are made of the core's."""

from dataclasses import fields
from typing import get_args

import pytest

from sipcli.config.policies import Permission
from sipcli.core import events as core
from sipcli.core.calls import events as core_calls
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.event_translation import call_ended, call_event, phone_event
from sipcli.sip.uri import SipUri

CAROL = SipUri.parse("sip:carol@example.com")
OF_PHONES: list[tuple[core.Event, events.PhoneEvent]] = [
    (core.Connecting(server="ws://a"), events.Connecting(server="ws://a")),
    (
        core.Connected(server="ws://a", elapsed_s=0.0125),
        events.Connected(server="ws://a", elapsed_ms=12.5),
    ),
    (
        core.ConnectFailed(server="ws://a", phase=Phase.TCP, reason="refused", retry_in_s=2.5),
        events.ConnectFailed(server="ws://a", phase=Phase.TCP, reason="refused", retry_in_s=2.5),
    ),
    (
        core.Disconnected(server="ws://a", code=1006, reason="gone", retry_in_s=None),
        events.Disconnected(server="ws://a", code=1006, reason="gone", retry_in_s=None),
    ),
    (
        core.Registered(
            uri="sip:a@b",
            registrar="sip:b",
            expires_s=600,
            contact="sip:x@y",
            bindings=(core.Binding(contact="sip:x@y", expires_s=600, ours=True),),
            pub_gruu="sip:a@b;gr=1",
            temp_gruu="sip:t@b;gr",
            elapsed_s=0.25,
        ),
        events.Registered(
            uri="sip:a@b",
            registrar="sip:b",
            expires_s=600,
            contact="sip:x@y",
            bindings=(events.Binding(contact="sip:x@y", expires_s=600, ours=True),),
            pub_gruu="sip:a@b;gr=1",
            temp_gruu="sip:t@b;gr",
            elapsed_ms=250.0,
        ),
    ),
    (
        core.RegistrationFailed(status=401, reason="no", retry_in_s=None, needs_password=True),
        events.RegistrationFailed(status=401, reason="no", retry_in_s=None, needs_password=True),
    ),
    (core.Unregistered(), events.Unregistered()),
    (
        core.InstantMessage(direction="sent", sender="sip:a@b", to="sip:c@d", text="x", status=200),
        events.InstantMessage(
            direction="sent", sender="sip:a@b", to="sip:c@d", text="x", status=200
        ),
    ),
    (
        core.Pong(target="sip:c@d", status=200, rtt_s=0.25),
        events.Pong(target="sip:c@d", status=200, rtt_ms=250.0),
    ),
    (
        core.Pong(target="sip:c@d", status=None, rtt_s=None),
        events.Pong(target="sip:c@d", status=None, rtt_ms=None),
    ),
    (core.Warned(text="mind the gap"), events.Warned(text="mind the gap")),
]
OF_CALLS: list[tuple[core_calls.SetupEvent | core_calls.TransferEvent, events.CallEvent]] = [
    (
        core_calls.Calling(call="1", to="sip:c@d", transfer="0"),
        events.Calling(call="1", to="sip:c@d", transfer="0"),
    ),
    (
        core_calls.Incoming(
            call="1",
            sender="sip:c@d",
            display_name="Carol",
            to="sip:a@b",
            p_asserted_identity=("<tel:+1>",),
            diversion=("<sip:d@e>",),
            history_info=("<sip:e@f>",),
            call_info=("<http://g>",),
            offer=b"v=0",
            replaces="0",
        ),
        events.Incoming(
            call="1",
            sender="sip:c@d",
            display_name="Carol",
            to="sip:a@b",
            p_asserted_identity=("<tel:+1>",),
            diversion=("<sip:d@e>",),
            history_info=("<sip:e@f>",),
            call_info=("<http://g>",),
        ),
    ),
    (
        core_calls.Progress(
            call="1", status=183, reason="Soon", early_media=True, body=b"v=0", fork="t"
        ),
        events.Progress(call="1", status=183, reason="Soon", early_media=True),
    ),
    (
        core_calls.Answered(call="1", status=200, elapsed_s=1.5, body=b"v=0", fork="t"),
        events.Answered(call="1", status=200, elapsed_ms=1500.0),
    ),
    (
        core_calls.TransferRequested(
            call="1", target=CAROL, referred_by="<sip:c@d>", replaces=True, decision=Permission.ASK
        ),
        events.TransferRequested(
            call="1", target=CAROL, referred_by="<sip:c@d>", decision=Permission.ASK
        ),
    ),
    (
        core_calls.TransferDecided(
            call="1", target="sip:c@d", status=603, decision="refused", reason="no"
        ),
        events.TransferDecided(
            call="1", target="sip:c@d", status=603, decision="refused", reason="no"
        ),
    ),
    (
        core_calls.TransferProgress(call="1", target="sip:c@d", status=202, is_final=True),
        events.TransferProgress(call="1", target="sip:c@d", status=202, is_final=True),
    ),
    (
        core_calls.RedirectRequested(
            call="1", target=CAROL, status=302, decision=Permission.ACCEPT
        ),
        events.RedirectRequested(call="1", target=CAROL, status=302, decision=Permission.ACCEPT),
    ),
    (
        core_calls.RedirectDecided(
            call="1", target="sip:c@d", status=302, decision="refused", reason="no"
        ),
        events.RedirectDecided(
            call="1", target="sip:c@d", status=302, decision="refused", reason="no"
        ),
    ),
]
ENDED = core_calls.Ended(
    call="1",
    by="remote",
    status=486,
    reason="Busy Here",
    duration_s=1.25,
    needs_password=True,
    q850_cause=17,
    q850_text="User busy",
)


@pytest.mark.parametrize(("event", "public"), OF_PHONES)
def test_an_event_of_the_phone(event: core.Event, public: events.PhoneEvent) -> None:
    assert phone_event(event) == public


@pytest.mark.parametrize(("event", "public"), OF_CALLS)
def test_an_event_of_a_call(
    event: core_calls.SetupEvent | core_calls.TransferEvent, public: events.CallEvent
) -> None:
    assert call_event(event) == public


def test_every_event_is_tried() -> None:
    assert {type(event) for event, _ in OF_PHONES} == set(get_args(core.Event))
    of_calls = get_args(core_calls.SetupEvent) + get_args(core_calls.TransferEvent)
    assert {type(event) for event, _ in OF_CALLS} == set(of_calls)


def test_the_end_of_a_call() -> None:
    host = events.SelectedCandidate(type="host", protocol="udp", address="192.0.2.1", port=9)
    ended = call_ended(ENDED, None, None, (host, host))
    assert ended == events.CallEnded(
        call="1",
        by="remote",
        status=486,
        reason="Busy Here",
        duration_s=1.25,
        stats=None,
        q850_cause=17,
        q850_text="User busy",
        candidates=(host, host),
    )


def test_media_that_failed_are_the_reason_of_an_end() -> None:
    ended = call_ended(ENDED, "ICE: no path", None, None)
    assert (ended.by, ended.reason, ended.status) == ("network", "ICE: no path", 486)


@pytest.mark.parametrize("kind", get_args(events.Event), ids=lambda kind: kind.__name__)
def test_no_public_event_has_what_only_the_phone_needs(kind: type) -> None:
    assert not {field.name for field in fields(kind)} & {"body", "offer", "fork", "replaces"}
