"""Two ends of a call for the tests, and descriptions to change at will."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from sipcli.sdp.description import Direction, MediaDescription
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation, ReceivedOffer
from sipcli.sdp.read import read
from sipcli.sdp.transport import Candidate, CandidateType, Fingerprint, LocalTransport

DATA = Path(__file__).parent.parent / "data"
PEERS = {path.stem: path.read_text(encoding="utf-8") for path in (DATA / "sdp").glob("*.sdp")}
"""Descriptions in the manner of real user agents, with made-up addresses and keys."""

DIGEST = ":".join(f"{each:02X}" for each in sha256(b"a certificate").digest())
OTHER_DIGEST = ":".join(f"{each:02X}" for each in sha256(b"another").digest())
WEAK_DIGEST = ":".join(["5A"] * 20)


def candidate(
    address: str = "192.0.2.10",
    port: int = 40000,
    type_: CandidateType = CandidateType.HOST,
    priority: int = 2130706431,
) -> Candidate:
    """A candidate for RTP over UDP."""
    return Candidate(
        foundation="1",
        component=1,
        protocol="udp",
        priority=priority,
        address=address,
        port=port,
        type=type_,
    )


def local(
    ufrag: str = "ours",
    candidates: tuple[Candidate, ...] = (candidate(),),
    digest: str = DIGEST,
) -> LocalTransport:
    """Our end of a path; another `ufrag` is an ICE restart."""
    return LocalTransport(
        ufrag=ufrag,
        pwd=f"{ufrag}-password-of-22-or-more",
        candidates=candidates,
        fingerprint=Fingerprint("sha-256", digest),
    )


def audio(
    *plus: str,
    line: str = "m=audio 5000 UDP/TLS/RTP/SAVPF 111 0 101",
    without: Iterable[str] = (),
    setup: str = "actpass",
    ufrag: str = "peer",
    digest: str = OTHER_DIGEST,
) -> list[str]:
    """The lines of a peer's audio; `without` those that begin so."""
    lines = [
        "c=IN IP4 192.0.2.20",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtcp-mux",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{ufrag}-password-of-22-or-more",
        f"a=fingerprint:sha-256 {digest}",
        f"a=setup:{setup}",
        "a=candidate:7 1 UDP 2130706431 192.0.2.20 5000 typ host",
    ]
    kept = [each for each in lines if not each.startswith(tuple(without))]
    return [line, *kept, *plus]


def sdp(*media: list[str], session: Iterable[str] = ()) -> str:
    """A peer's description."""
    head = ["v=0", "o=- 20 1 IN IP4 192.0.2.20", "s=-", "t=0 0", *session]
    lines = [*head, *(line for each in media for line in each)]
    return "".join(f"{line}\r\n" for line in lines)


def negotiation(*codecs: str, own_order: bool = False) -> Negotiation:
    """A fresh dialog of ours; without names: all codecs."""
    return Negotiation(
        10, Preferences(codecs=codecs, own_order=own_order) if codecs else Preferences()
    )


def offered(us: Negotiation, text: str | bytes) -> ReceivedOffer:
    """The offer, which must be of use."""
    offer = us.receive_offer(text)
    assert isinstance(offer, ReceivedOffer), offer
    return offer


def answering(
    us: Negotiation,
    text: str | bytes,
    direction: Direction = Direction.SENDRECV,
    transport: LocalTransport | None = None,
) -> tuple[str, NegotiatedMedia]:
    """Take the peer's offer and answer it."""
    offered(us, text)
    return us.create_answer(transport or local(), direction)


def offering(
    us: Negotiation,
    answer: str | bytes,
    direction: Direction = Direction.SENDRECV,
    transport: LocalTransport | None = None,
) -> tuple[str, NegotiatedMedia]:
    """Make an offer, which gets the peer's answer; the offer and what it came to."""
    offer = us.create_offer(transport or local(), direction)
    agreed = us.receive_answer(answer)
    assert isinstance(agreed, NegotiatedMedia), agreed
    return offer, agreed


def audio_of(text: str) -> MediaDescription:
    """The only audio of a description that has a port."""
    (media,) = (each for each in read(text).media if each.kind == "audio" and each.port)
    return media
