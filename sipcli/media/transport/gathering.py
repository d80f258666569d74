"""Gather candidates: our addresses, STUN mappings and TURN relays (RFC 8445 §5.1)."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Iterable
from math import inf
from typing import Any, Final, Literal

from sipcli.errors import Phase
from sipcli.journal.journal import CallJournal
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.webrtc.candidates import HostPort, host_addresses, show
from sipcli.media.webrtc.errors import ServerFailed, explain_connection
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.media.webrtc.stun_dtls import DtlsServer
from sipcli.media.webrtc.turn import TurnEndpoint, add_relay
from sipcli.net.dns import resolve
from sipcli.sdp.transport import Candidate

GRACE: Final = 0.3
"""Seconds left for the other servers once one of each kind has answered, and for servers that
did not answer last time."""

BASE_GRACE: Final = 0.1
"""Seconds left for the other addresses, ours and a server's, once one has worked."""

HIGHEST_PREFERENCE: Final = 65535
"""The highest local preference (RFC 8445 §5.1.2.1)."""
LOOPBACK: Final = ("127.0.0.1", "::1")

MAX_ADDRESSES: Final = 12
"""Limit: a machine with containers has dozens of addresses, each paired with each of the peer."""

_SILENT: Final = "it did not answer in time"
_ANYWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Documentation addresses (RFC 5737, RFC 3849), used to find the system's source addresses."""


async def gather(
    agent: IceAgent, options: IceServers, warn: Callable[[str], None], journal: CallJournal
) -> tuple[Candidate, ...]:
    """Return all candidates of `agent`, the best first; always within `gathering_timeout`.

    `warn` gets a sentence for each server that cannot be used, and `journal` what became of each.
    """
    sockets: list[IceSocket] = []
    if not options.relay_only:
        sockets = await open_sockets(agent, include_loopback=options.include_loopback)
    elif not any(server.relays for server in options.servers):
        warn("media may only go through a TURN server, and none is set (turn_servers)")
    asked: dict[asyncio.Task[None], IceServer] = {}
    for rank, server in enumerate(options.servers):
        if server.obstacle is not None:
            _step(journal, server, "failed", server.obstacle)
            _warn_once(options, warn, server, server.obstacle)
        elif server.relays or sockets:
            question = _ask(agent, server, sockets, HIGHEST_PREFERENCE - rank, options, journal)
            asked[asyncio.create_task(question)] = server
    kinds = {server.relays for server in asked.values()}

    def is_enough(waiting: set[asyncio.Task[None]]) -> bool:
        useful = {server.relays for task, server in asked.items() if _has_succeeded(task)}
        return useful == kinds or all(asked[task] in options.silent for task in waiting)

    try:
        await _wait(asked, options.gathering_timeout, GRACE, is_enough)
        for task, server in asked.items():
            _report_result(task, server, options, warn, journal)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return agent.end_gathering()


async def open_sockets(agent: IceAgent, *, include_loopback: bool) -> list[IceSocket]:
    """Open a socket on each of our addresses, as far as the system allows."""
    addresses = choose_addresses(host_addresses(), include_loopback=include_loopback)
    sockets = [
        await agent.open_socket(address, HIGHEST_PREFERENCE - rank)
        for rank, address in enumerate(addresses)
    ]
    return [opened for opened in sockets if opened is not None]


async def _wait(
    tasks: Iterable[asyncio.Task[Any]],
    limit: float,
    grace: float,
    is_enough: Callable[[set[asyncio.Task[Any]]], bool],
) -> None:
    """Wait for `tasks`: at most `limit` seconds, and `grace` once enough of them are done.

    `is_enough` gets the pending ones.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    waiting = set(tasks)
    while waiting:
        if is_enough(waiting):
            deadline = min(deadline, loop.time() + grace)
        left = deadline - loop.time()
        if left <= 0:
            break
        _, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)


def _has_succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and task.exception() is None


def _report_result(
    task: asyncio.Task[None],
    server: IceServer,
    options: IceServers,
    warn: Callable[[str], None],
    journal: CallJournal,
) -> None:
    """Remember whether a server answered, and warn if it cannot be used."""
    if not task.done():
        options.silent.add(server)
        _step(journal, server, "failed", _SILENT)
        _warn_once(options, warn, server, _SILENT)
        return
    options.silent.discard(server)
    error = task.exception()
    if error is None:
        options.warned = {text for text in options.warned if not text.startswith(f"{server.uri} ")}
    elif isinstance(error, ServerFailed):
        _warn_once(options, warn, server, str(error))
    else:
        raise error


def _warn_once(
    options: IceServers, warn: Callable[[str], None], server: IceServer, reason: str
) -> None:
    text = f"{server.uri} cannot be used: {reason}"
    if text not in options.warned:
        options.warned.add(text)
        warn(text)


def _step(
    journal: CallJournal,
    server: IceServer,
    state: Literal["begun", "done", "failed"],
    text: str = "",
    facts: tuple[tuple[str, str], ...] = (),
) -> None:
    """Record a step of asking one server."""
    phase = Phase.TURN if server.relays else Phase.STUN
    journal.step(phase, state, text, facts, server=server.uri)


async def _ask(
    agent: IceAgent,
    server: IceServer,
    sockets: list[IceSocket],
    preference: int,
    options: IceServers,
    journal: CallJournal,
) -> None:
    """Get the candidates of one server. Raises `ServerFailed`."""
    _step(journal, server, "begun")
    try:
        addresses = await look_up(server)
        if server.relays:
            found = await ask_for_relay(agent, server, addresses, preference, options)
        else:
            dtls = options.dtls(server)
            found = await ask_for_reflexive(agent, addresses, sockets, preference, dtls)
    except ServerFailed as failure:
        _step(journal, server, "failed", str(failure))
        raise
    what = "relayed address" if server.relays else "mapped address"
    shown = ", ".join(map(show, dict.fromkeys(found)))
    _step(journal, server, "done", f"{what} {shown}", ((what, shown),))


async def look_up(server: IceServer) -> list[HostPort]:
    """Return the server's addresses, at least one. Raises `ServerFailed`."""
    try:
        return [(str(ipaddress.ip_address(server.host)), server.port)]
    except ValueError:
        pass  # a name
    try:
        found = await resolve(server.host, server.port)
    except OSError as error:
        raise explain_connection(error) from error
    if not found:
        raise ServerFailed("its name has no IPv4 or IPv6 address")
    return [(str(each.sockaddr[0]), server.port) for each in found]


async def ask_for_relay(
    agent: IceAgent,
    server: IceServer,
    addresses: list[HostPort],
    preference: int,
    options: IceServers,
) -> tuple[HostPort, ...]:
    """Ask at the server's first IPv4 and first IPv6 address, since one of them may be dead.

    Returns the relayed addresses.
    """
    first_of_family = {":" in address[0]: address for address in reversed(addresses)}
    endpoints = [
        TurnEndpoint(
            host=server.host,
            address=address,
            stream=server.stream,
            tls=options.tls if server.secure else None,
            username=server.username,
            password=server.password,
        )
        for address in first_of_family.values()
    ]
    hide = options.relay_only
    return await _first_of(
        [add_relay(agent, each, preference, hide_base=hide) for each in endpoints]
    )


async def ask_for_reflexive(
    agent: IceAgent,
    addresses: list[HostPort],
    sockets: list[IceSocket],
    preference: int,
    dtls: DtlsServer | None,
) -> tuple[HostPort, ...]:
    """Ask from each of our sockets that can reach it, at the server's first address of that family.

    `dtls` is for a server that is asked over DTLS. An interface without a route to it, such as
    that of a VPN, does not delay the others. Returns our mapped addresses.
    """
    questions = []
    for rank, base in enumerate(sockets):
        own = ipaddress.ip_address(base.local_candidate.host)
        for address in addresses:
            server = ipaddress.ip_address(address[0])
            if (own.version, own.is_loopback) == (server.version, server.is_loopback):
                questions.append(agent.ask_reflexive(base, address, preference - rank, dtls))
                break
    if not questions:
        raise ServerFailed("none of this machine's addresses can reach it")
    return await _first_of(questions)


async def _first_of(questions: list[Coroutine[Any, Any, HostPort]]) -> tuple[HostPort, ...]:
    """Wait until one has succeeded, plus `BASE_GRACE` for the rest; raises if all have failed."""
    tasks = [asyncio.create_task(question) for question in questions]
    try:
        await _wait(tasks, inf, BASE_GRACE, lambda _: any(map(_has_succeeded, tasks)))
        if not any(map(_has_succeeded, tasks)):
            await tasks[0]  # raises: they have all failed
        return tuple(task.result() for task in tasks if _has_succeeded(task))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def choose_addresses(found: list[str], *, include_loopback: bool) -> list[str]:
    """Return the addresses to use of those `found`, the most promising first, at most twelve.

    First the source addresses of the default routes, IPv4 before IPv6, since few SIP servers have
    IPv6; then the rest in the system's order. Loopback is included if requested, or if there is
    nothing else: then the far end can only be on this machine.
    """
    usable = [each for each in dict.fromkeys(found) if _is_usable(each)]
    preferred = [each for each in _source_addresses() if each in usable]
    ordered = list(dict.fromkeys([*preferred, *usable]))[:MAX_ADDRESSES]
    return [*ordered, *LOOPBACK] if include_loopback or not ordered else ordered


def _is_usable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # with a scope: link-local
        return False
    link_local_v6 = address.version == 6 and address.is_link_local
    return not (
        address.is_loopback or address.is_unspecified or address.is_multicast or link_local_v6
    )


def _source_addresses() -> list[str]:
    """Return the system's source addresses; connecting a UDP socket sends nothing."""
    found = []
    for family, anywhere in _ANYWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((anywhere, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found
