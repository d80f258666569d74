"""What the way of the media costs: opening, restarting and closing it, and each packet on it.

Two transports in one process, over loopback, without STUN or TURN servers. CPU time is that of
the process, so it is the sum of both ends: sending, the kernel's part, receiving.
"""

import asyncio
import struct
import sys
from statistics import median
from time import perf_counter, process_time

from sipcli.journal.journal import CallJournal, Journal
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.sdp.transport import DtlsRole, LocalTransport, RemoteTransport

CALLS = 25
BURST = 50
"""Packets between two looks at the loop: few enough for the sockets' buffers."""
PACKETS = 50_000
PAYLOAD = bytes(80)
"""As much as 20 ms of Opus at 32 kbit/s."""
PACKETS_PER_SECOND = 50

SET_UP_GOAL_MS = 40.0


class End:
    """One end; counts what it gets."""

    def __init__(self, certificate: DtlsCertificate) -> None:
        self.received = 0
        self.transport = MediaTransport(
            certificate,
            IceServers(include_loopback=True),
            self._count,
            lambda *_: None,
            lambda _: None,
            CallJournal(Journal(), lambda: ""),
        )

    def _count(self, packet: bytes, now: float) -> None:
        self.received += 1


def remote(local: LocalTransport) -> RemoteTransport:
    """What the far end reads of our description."""
    return RemoteTransport(ufrag=local.ufrag, pwd=local.pwd, candidates=local.candidates)


async def open_way(alice: End, bob: End) -> tuple[float, float]:
    """Seconds for gathering at both ends, and for ICE and DTLS."""
    begin = perf_counter()
    ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
    gathered = perf_counter()
    await asyncio.gather(
        alice.transport.start(
            remote(theirs), DtlsRole.SERVER, controlling=True, fingerprints=[theirs.fingerprint]
        ),
        bob.transport.start(
            remote(ours), DtlsRole.CLIENT, controlling=False, fingerprints=[ours.fingerprint]
        ),
    )
    return gathered - begin, perf_counter() - gathered


async def restart(alice: End, bob: End) -> float:
    """Seconds for an ICE restart."""
    begin = perf_counter()
    ours, theirs = await asyncio.gather(alice.transport.restart(), bob.transport.restart())
    await asyncio.gather(
        alice.transport.restart_with(remote(theirs)), bob.transport.restart_with(remote(ours))
    )
    return perf_counter() - begin


async def close(alice: End, bob: End) -> float:
    """Seconds until both ends are closed."""
    begin = perf_counter()
    await asyncio.gather(alice.transport.close(), bob.transport.close())
    return perf_counter() - begin


async def packets(alice: End, bob: End) -> tuple[float, float, int]:
    """CPU seconds for a packet from end to end, of it for sending alone, and how many got lost."""
    sending = 0.0
    begin = process_time()
    for first in range(0, PACKETS, BURST):
        started = process_time()
        for n in range(first, first + BURST):
            alice.transport.send_rtp(
                struct.pack("!BBHLL", 0x80, 111, n & 0xFFFF, 960 * n, 1) + PAYLOAD
            )
        sending += process_time() - started
        for _ in range(BURST + 2):
            await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    return (process_time() - begin) / PACKETS, sending / PACKETS, PACKETS - bob.received


async def measure() -> None:
    """Measure and print."""
    out = sys.stdout
    certificate = DtlsCertificate.generate()
    times: list[tuple[float, float, float, float]] = []
    cpu = process_time()
    for _ in range(CALLS):
        alice, bob = End(certificate), End(certificate)
        gathering, opening = await open_way(alice, bob)
        times.append((gathering, opening, await restart(alice, bob), await close(alice, bob)))
    cpu = (process_time() - cpu) / CALLS
    gathering, opening, restarting, closing = (
        median(each) * 1000 for each in zip(*times, strict=True)
    )
    verdict = "met" if gathering + opening <= SET_UP_GOAL_MS else "MISSED"
    out.write(
        f"medians of {CALLS} calls, both ends in one process\n"
        f"  gathering        {gathering:7.1f} ms\n"
        f"  ICE and DTLS     {opening:7.1f} ms   (goal for both {SET_UP_GOAL_MS:.0f}: {verdict})\n"
        f"  ICE restart      {restarting:7.1f} ms\n"
        f"  closing          {closing:7.1f} ms\n"
        f"  CPU for all that {cpu * 1000:7.1f} ms\n"
    )
    alice, bob = End(certificate), End(certificate)
    await open_way(alice, bob)
    total, sending, lost = await packets(alice, bob)
    await close(alice, bob)
    share = total * PACKETS_PER_SECOND * 100
    out.write(
        f"{PACKETS} packets of {12 + len(PAYLOAD)} bytes one way, {lost} lost in the kernel\n"
        f"  sent and received {total * 1e6:6.1f} us of CPU, of it sending {sending * 1e6:.1f}\n"
        f"  a call sends and receives {PACKETS_PER_SECOND} a second: {share:.2f} % of a core\n"
    )


if __name__ == "__main__":
    asyncio.run(measure())
