"""The phone on a real loop, against a real WebSocket server on loopback."""

import asyncio
import logging
import ssl
import time

import pytest
import trustme

from sipcli.core.requests.exchange import ConnectionLost, FinalResponse, NotSent
from sipcli.core.transactions import client
from sipcli.errors import ConnectError, MissingPassword, NoAnswerError, RegistrationError
from sipcli.net import websocket
from sipcli.phone import events
from sipcli.phone.runner import UserAgentRunner
from tests.net.certificates import server_context
from tests.net.peers import closed_port
from tests.phones import ALICE, BOB, Heard, at, kinds, phone
from tests.sip_server import Behaviour, SipServer

# From the start to being ready


async def test_it_registers_and_takes_its_binding_back_on_the_way_out() -> None:
    heard = Heard()
    async with SipServer(Behaviour(password="open sesame")) as server:
        async with phone(at(server), heard) as one:
            assert isinstance(await one.ready(), events.Registered)
            assert one.registration.was_ready
        assert [r.contacts[0].params.get("expires") for r in server.requests("REGISTER")] == [
            "600",
            "600",
            "0",
        ]
    assert kinds(heard) == ["connecting", "connected", "registered", "unregistered"]


async def test_without_registering_it_is_ready_once_connected() -> None:
    heard = Heard()
    async with SipServer() as server, phone(at(server, register=False), heard) as one:
        assert isinstance(await one.ready(), events.Connected)
    assert server.received == []


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(statuses={"REGISTER": 403}), RegistrationError),
        (Behaviour(password="another"), RegistrationError),
    ],
)
async def test_a_refusal_ends_the_waiting(behaviour: Behaviour, error: type[Exception]) -> None:
    async with SipServer(behaviour) as server:
        with pytest.raises(error) as caught:
            async with phone(at(server), Heard()) as one:
                await one.ready()
        assert type(caught.value) is error


@pytest.mark.parametrize("retry_forever", [False, True])
async def test_a_missing_password_is_told_apart(retry_forever: bool) -> None:
    async with SipServer(Behaviour(password="secret")) as server:
        with pytest.raises(MissingPassword):
            async with phone(
                at(server), Heard(), credentials=None, retry_forever=retry_forever
            ) as one:
                await one.ready()


async def test_no_server_at_all_ends_the_waiting_with_where_it_failed() -> None:
    heard = Heard()
    gone = f"ws://127.0.0.1:{closed_port()}"
    with pytest.raises(ConnectError, match=r"^TCP: ws:"):
        async with phone(at(gone), heard) as one:
            await one.ready()
    assert kinds(heard) == ["connecting", "connect_failed"]


async def test_the_next_server_is_tried_where_the_heaviest_is_gone() -> None:
    heard = Heard()
    async with SipServer() as server:
        gone = f"ws://127.0.0.1:{closed_port()}"
        async with phone(at(gone, server), heard) as one:
            await one.ready()
    assert kinds(heard)[:4] == ["connecting", "connect_failed", "connecting", "connected"]


async def test_a_registrar_that_does_not_answer_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "TRANSACTION_TIMEOUT_S", 0.1)

    heard = Heard()
    async with SipServer(Behaviour(silent=frozenset({"REGISTER"}))) as server:
        with pytest.raises(NoAnswerError, match=r"^registration: the registrar"):
            async with phone(at(server), heard) as one:
                await one.ready()
    failed = heard.events[kinds(heard).index("registration_failed")]
    assert isinstance(failed, events.RegistrationFailed)
    assert failed.retry_in_s is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "registration: 403 Forbidden; the account may not register from here"),
        (480, "registration: 480 Temporarily Unavailable"),
    ],
)
async def test_a_refused_registration_says_what_it_is_likely_to_mean(
    status: int, words: str
) -> None:
    async with SipServer(Behaviour(statuses={"REGISTER": status})) as server:
        with pytest.raises(RegistrationError) as caught:
            async with phone(at(server), Heard()) as one:
                await one.ready()
    assert str(caught.value) == words


async def test_an_outage_is_known_until_the_connection_is_back() -> None:
    heard = Heard()
    async with SipServer() as server, phone(at(server), heard, retry_forever=True) as one:
        await one.ready()
        assert one.registration.outage is None
        await server.break_connections()
        await heard.event(events.Disconnected)
        assert f"WebSocket: the connection to {server.uri} was lost" in str(one.registration.outage)
        await heard.event(events.Connected, 2)
        assert one.registration.outage is None


# Asking


async def test_a_ping_and_a_message_have_their_outcome() -> None:
    async with SipServer(Behaviour(statuses={"MESSAGE": 404})) as server:
        async with phone(at(server), Heard()) as one:
            await one.ready()
            ponged, answered = await asyncio.gather(one.ping(BOB), one.send_message(BOB, "hi"))
        assert isinstance(ponged, FinalResponse)
        assert isinstance(answered, FinalResponse)
        assert (ponged.response.status, answered.response.status) == (200, 404)
        assert server.requests("MESSAGE")[0].body == b"hi"


async def test_what_is_asked_before_there_is_a_connection_was_not_sent() -> None:
    async with SipServer() as server, phone(at(server), Heard()) as one:
        assert await one.ping(BOB) == NotSent()


async def test_what_was_in_the_air_when_the_connection_broke_is_lost() -> None:
    quiet = Behaviour(silent=frozenset({"OPTIONS"}))
    async with SipServer(quiet) as server, phone(at(server), Heard()) as one:
        await one.ready()
        asking = asyncio.ensure_future(one.ping(BOB))
        await server.heard("OPTIONS")
        await server.break_connections()
        assert await asking == ConnectionLost()


async def test_who_gives_up_waiting_for_an_outcome_disturbs_nobody() -> None:
    quiet = Behaviour(silent=frozenset({"OPTIONS"}))
    async with SipServer(quiet) as server, phone(at(server), Heard()) as one:
        await one.ready()
        asking = asyncio.ensure_future(one.ping(BOB))
        await server.heard("OPTIONS")
        asking.cancel()
        await server.break_connections()


# Losing and finding servers


async def test_a_server_that_goes_and_comes_back_has_us_registered_again() -> None:
    heard = Heard()
    quick = {"connection_recovery_min_interval": 0.05, "connection_recovery_max_interval": 0.1}
    async with SipServer() as server:
        one = phone(at(server, **quick), heard, retry_forever=True)
        await one.__aenter__()
        await one.ready()
        port = server.port
    await heard.event(events.ConnectFailed)
    async with SipServer(port=port) as server:
        await heard.event(events.Registered, 2)
        await one.__aexit__(None, None, None)
        first, last = server.requests("REGISTER")
        assert first.cseq.number == 2
        assert last.contacts[0].params.get("expires") == "0"


async def test_an_impatient_phone_is_not_ready_any_more_after_a_loss() -> None:
    heard = Heard()
    async with SipServer() as server, phone(at(server), heard) as one:
        await one.ready()
        await server.break_connections()
        await heard.event(events.Disconnected)
        with pytest.raises(ConnectError):
            await one.ready()
        assert one.registration.was_ready


# Watching


async def test_the_journal_has_all_that_was_sent_and_received_and_the_log_what_had_no_effect(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sipcli.phone.runner")
    heard = Heard()
    ping, garbage = b"\r\n\r\n", b"\x00\x01"
    chatty = Behaviour(greeting=(ping, garbage))
    async with SipServer(chatty) as server, phone(at(server), heard) as one:
        await one.ready()
        await one.ping(BOB)
    assert [data[:8] for data in heard.sent[:3]] == [b"REGISTER", b"\r\n", b"OPTIONS "]
    assert [data[:7] for data in heard.received[:4]] == [
        b"SIP/2.0",
        ping,
        garbage,
        b"SIP/2.0",
    ]
    assert any(line.startswith("no SIP message: ") for line in caplog.messages)


@pytest.fixture
def untrusted() -> ssl.SSLContext:
    """TLS of a server that nobody vouches for."""
    return server_context(trustme.CA().issue_cert("127.0.0.1"))


async def test_a_server_taken_on_trust_is_warned_of(untrusted: ssl.SSLContext) -> None:
    heard = Heard()
    async with (
        SipServer(tls=untrusted) as server,
        phone(at(server, tls_verify=False), heard) as one,
    ):
        await one.ready()
    assert kinds(heard)[:3] == ["connecting", "warning", "connected"]


async def test_a_warning_keeps_its_place_among_the_events_of_a_step_that_it_causes(
    untrusted: ssl.SSLContext,
) -> None:
    """Who is told of it may take a step; what comes of that is told after it, to everybody."""

    heard = Heard()

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.Warned):
            with one.step() as (agent, now):
                agent.ping(BOB, lambda _: None, now)  # offline yet: told at once
        heard.on_event(event)

    async with SipServer(tls=untrusted) as server:
        one = UserAgentRunner(at(server, tls_verify=False), ALICE, on_event, retry_forever=False)
        async with one:
            await one.ready()
    told = kinds(heard)
    assert told[:4] == ["connecting", "warning", "pong", "connected"]


@pytest.mark.tolerates((ssl.SSLError,))
async def test_a_server_that_cannot_be_trusted_is_not_talked_to(untrusted: ssl.SSLContext) -> None:
    heard = Heard()
    async with SipServer(tls=untrusted) as server:
        with pytest.raises(ConnectError, match="tls"):
            async with phone(at(server), heard) as one:
                await one.ready()
    assert server.received == []


# A connection in doubt


async def test_a_connection_that_is_dead_is_dialled_anew_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TCP would need a quarter of an hour to say so, the next ping half a minute."""

    heard = Heard()
    given = {"register": False, "connection_recovery_min_interval": 30}
    async with (
        SipServer() as server,
        phone(at(server, **given), heard, retry_forever=True) as one,
    ):
        await one.ready()
        with monkeypatch.context() as patch:
            patch.setattr(websocket, "is_ours", lambda _: False)
            one.probe()
            await asyncio.sleep(0)
        await asyncio.wait_for(one.probed(), 5)
        result = kinds(heard)
    assert result == ["connecting", "connected", "disconnected", "connecting", "connected"]


async def test_a_phone_that_was_stopped_goes_on_where_it_was() -> None:
    """Its own silence is not the registrar's: what is due by the clock alone is not."""

    heard = Heard()
    async with SipServer() as server, phone(at(server), heard) as one:
        await one.ready()
        with one.step() as (_, before):
            pass
        woken = asyncio.Event()
        one.on_disturbed = woken.set
        time.sleep(6.5)  # noqa: ASYNC251 - nothing runs, that is the point
        with one.step() as (_, after):
            assert after - before < 2
        await woken.wait()
        await one.probed()
        result = kinds(heard)
    assert result[:3] == ["connecting", "connected", "registered"]
