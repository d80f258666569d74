"""Which address is tried when, and that no socket stays open."""

import asyncio
import socket
import threading
from typing import cast

import pytest

from sipcli.net import tcp
from sipcli.net.dns import SocketAddress, resolve
from tests.net.peers import closed_port, for_ever, raw_server


def v4(last: int, port: int = 5060) -> SocketAddress:
    return SocketAddress(socket.AF_INET, (f"192.0.2.{last}", port))


def v6(last: int, port: int = 5060) -> SocketAddress:
    return SocketAddress(socket.AF_INET6, (f"2001:db8::{last}", port, 0, 0))


def test_addresses_are_written_as_in_uris() -> None:
    assert str(v4(1)) == "192.0.2.1:5060"
    assert str(v6(1)) == "[2001:db8::1]:5060"


@pytest.mark.parametrize(
    ("found", "tried"),
    [
        ((), []),
        ((v4(1), v4(2)), [v4(1), v4(2)]),
        ((v6(1), v6(2), v6(3), v4(1)), [v6(1), v4(1), v6(2), v6(3)]),
        ((v4(1), v6(1), v6(2)), [v4(1), v6(1), v6(2)]),
    ],
)
def test_the_families_take_turns_from_the_resolvers_first(
    found: tuple[SocketAddress, ...], tried: list[SocketAddress]
) -> None:
    assert tcp.interleave(found) == tried


async def test_an_address_literal_is_its_own_answer() -> None:
    (found,) = await resolve("192.0.2.7", 80)
    assert str(found) == "192.0.2.7:80"


async def test_an_answer_that_comes_after_we_gave_up_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`run` fails if it is not: the loop would complain of a future that is settled twice."""
    go_on = threading.Event()

    def late(*_args: object, **_more: object) -> list[object]:
        go_on.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", late)

    looking = asyncio.create_task(resolve("pbx.example", 80))
    await asyncio.sleep(0)
    (resolver,) = [t for t in threading.enumerate() if t.name == "sipcli-resolver"]
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    go_on.set()
    resolver.join()
    await asyncio.sleep(0)


async def test_a_refused_address_gives_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8305 §5 waits between attempts only while the earlier one may still succeed."""
    monkeypatch.setattr(tcp, "ATTEMPT_DELAY", 1000.0)

    async with raw_server(for_ever) as port:
        dead = SocketAddress(socket.AF_INET, ("127.0.0.2", closed_port()))
        live = SocketAddress(socket.AF_INET, ("127.0.0.1", port))
        sock, reached = await tcp.connect((dead, live))
        sock.close()
        assert reached == live


async def test_no_message_waits_for_what_was_sent_before_it_to_be_acknowledged() -> None:
    """Nagle's algorithm and delayed ACKs cost 40 ms each time (RFC 9293 §3.7.4)."""

    async with raw_server(for_ever) as port:
        sock, _ = await tcp.connect((SocketAddress(socket.AF_INET, ("127.0.0.1", port)),))
        with sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_of_two_that_answer_one_is_kept_and_one_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check for open sockets is in `run`; both attempts are up before either is looked at."""
    monkeypatch.setattr(tcp, "ATTEMPT_DELAY", 0.0)
    both = asyncio.Event()
    connected: list[SocketAddress] = []
    attempt = tcp._attempt  # noqa: SLF001

    async def slow(address: SocketAddress) -> socket.socket | OSError:
        outcome = await attempt(address)
        connected.append(address)
        if len(connected) == 2:
            both.set()
        await both.wait()
        return outcome

    monkeypatch.setattr(tcp, "_attempt", slow)

    async with raw_server(for_ever) as port:
        live = SocketAddress(socket.AF_INET, ("127.0.0.1", port))
        sock, _ = await tcp.connect((live, live))
        assert len(connected) == 2
        sock.close()


def test_faults_of_several_kinds_are_each_named() -> None:
    failures: list[tuple[SocketAddress, OSError]] = [
        (v6(1), OSError(101, "Network is unreachable")),
        (v4(1), ConnectionRefusedError(111, "Connection refused")),
    ]
    assert str(tcp.explain(tcp.Unreachable(failures))) == (
        "no connection to [2001:db8::1]:5060: Network is unreachable; 192.0.2.1:5060:"
        " Connection refused: check the network and the firewall"
    )


async def test_a_family_that_the_machine_lacks_is_a_fault_like_any_other() -> None:
    no_such_family = cast("socket.AddressFamily", 999)

    with pytest.raises(tcp.Unreachable) as caught:
        await tcp.connect((SocketAddress(no_such_family, ("192.0.2.1", 5060)),))
    assert "192.0.2.1:5060: " in str(tcp.explain(caught.value))
