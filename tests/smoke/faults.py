"""The seeded faults: what each command ends with. The table of docs/smoke-tests.md is made here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

CALL: Final = "--audio-in tone:440 --audio-out null --expect-audio both"
"""What most smoke tests have in common."""
_VOLATILE: Final = (
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST:PORT"),
    (re.compile(r"\b(sent|received) \d+(?=[ ,:])"), r"\1 N"),
    (re.compile(r"in the last [\d.]+ s"), "in the last N s"),
    (re.compile(r"from the far end for \d+ s"), "from the far end for 10 s"),
    (re.compile(r"did not come back: .*"), "did not come back: …"),
    (re.compile(r"sha-256 [0-9A-F:]{95}"), "sha-256 …"),
)
"""What differs from run to run, and what the table has in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row: a fault, a command, and the end that it has to come to."""

    name: str
    cause: str
    """How the fault is made, for the reader."""
    target: str = ""
    """Who is called: one of `far_ends`, or an extension of the sandbox."""
    options: str = CALL
    bound_s: float
    """How long it may take at most: the program's own timers, and a little for all else."""
    exit_code: int
    sentence: str
    """The last event's reason, without what differs from run to run."""
    server: str = "good"
    """Which of the world's servers."""
    settings: dict[str, str] = field(default_factory=dict)
    """What is set in the environment besides the account."""

    @property
    def command(self) -> str:
        """As it is typed."""
        before = "".join(f"{name}={value} " for name, value in self.settings.items())
        return f"{before}sipcli call {self.target} {self.options}"

    @property
    def phase(self) -> str:
        """The phase that the sentence names."""
        return self.sentence.split(":")[0].lower()


FAULTS: Final = (
    Fault(
        name="dead server",
        cause="nothing listens at the port",
        target="echo",
        server="dead",
        bound_s=3,
        exit_code=3,
        sentence="TCP: ws://HOST:PORT: HOST:PORT refused the connection: is the server running"
        " there?",
    ),
    Fault(
        name="dead server",
        cause="it takes connections, and says nothing",
        target="echo",
        options=f"{CALL} --connect-timeout 2",
        server="silent",
        bound_s=5,
        exit_code=3,
        sentence="WebSocket: ws://HOST:PORT: the server did not answer the WebSocket upgrade in"
        " time: is the port right?",
    ),
    Fault(
        name="bad certificate",
        cause="its authority is not one of ours",
        target="echo",
        server="untrusted",
        bound_s=3,
        exit_code=3,
        sentence="TLS: wss://HOST:PORT: its certificate is signed by CN=sipcli sandbox\\,"
        " temporary CA: set tls_ca_file to that CA's certificate",
    ),
    Fault(
        name="wrong password",
        cause="",
        target="echo",
        settings={"SIPCLI_PASSWORD": "guessed"},
        bound_s=3,
        exit_code=4,
        sentence='registration: wrong user name or password for realm "sandbox.invalid"',
    ),
    Fault(
        name="busy",
        cause="the far end answers 486",
        target="busy",
        bound_s=3,
        exit_code=5,
        sentence="answer: 486 Busy Here",
    ),
    Fault(
        name="no answer",
        cause="it rings, and no one answers",
        target="ring",
        options=f"{CALL} --ring-timeout 2",
        bound_s=5,
        exit_code=6,
        sentence="ring: no answer within 2 s",
    ),
    Fault(
        name="no common codec",
        cause="the far end knows PCMU alone, and answers 488",
        target="pcmu",
        options=f"{CALL} --codecs opus",
        bound_s=3,
        exit_code=5,
        sentence="offer/answer: 488 Not Acceptable Here: no common audio codec; the session"
        " description has opus, red, telephone-event; check codecs, and that the far end supports"
        " WebRTC",
    ),
    Fault(
        name="no common codec",
        cause="it answers with a codec that was not offered",
        target="stranger",
        options=f"{CALL} --codecs opus",
        bound_s=3,
        exit_code=7,
        sentence="offer/answer: the far end's answer cannot be used: no common audio codec; the"
        " session description has pcma",
    ),
    Fault(
        name="ICE blocked",
        cause="every datagram to the far end is lost",
        target="blocked",
        bound_s=16,
        exit_code=7,
        sentence="ICE: no ICE check was answered from the far end's address: if a firewall drops"
        " UDP, a TURN server helps (turn_servers)",
    ),
    Fault(
        name="ICE blocked",
        cause="the same, in a call that ends before ICE gives up",
        target="blocked",
        options=f"{CALL} --duration 3",
        bound_s=6,
        exit_code=7,
        sentence="ICE: no ICE check was answered from the far end's address: if a firewall drops"
        " UDP, a TURN server helps (turn_servers)",
    ),
    Fault(
        name="dead fork",
        cause="one fork has early media, another without any answers, and refuses a re-INVITE",
        target="forked",
        bound_s=18,
        exit_code=7,
        sentence="ICE: no ICE check was answered from the far end's address: if a firewall drops"
        " UDP, a TURN server helps (turn_servers); the far end refused a restart: 488"
        " Not Acceptable Here",
    ),
    Fault(
        name="dead fork",
        cause="the same, in a call that ends before that is known",
        target="forked",
        options=f"{CALL} --duration 4",
        bound_s=9,
        exit_code=7,
        sentence="ICE: no ICE check was answered from the far end's address: if a firewall drops"
        " UDP, a TURN server helps (turn_servers)",
    ),
    Fault(
        name="wrong DTLS fingerprint",
        cause="the far end's certificate is not the one that its description names",
        target="impostor",
        bound_s=5,
        exit_code=7,
        sentence="DTLS: the far end's certificate is not the one that its description names"
        " (it showed sha-256 …)",
    ),
    Fault(
        name="one-way audio, towards us",
        cause="nothing that the far end sends comes through",
        target="mute",
        options=f"{CALL} --duration 3",
        bound_s=6,
        exit_code=8,
        sentence="audio: expect-audio: expected 0.5 s of audible sound received and sent; found:"
        " one-way audio, nothing reaches us: sent N packets, received N: ICE connected by host,"
        " DTLS up, nothing came back",
    ),
    Fault(
        name="one-way audio, away from us",
        cause="nothing that we send comes through",
        target="deaf",
        options=f"{CALL} --duration 10",
        bound_s=13,
        exit_code=8,
        sentence="audio: expect-audio: expected 0.5 s of audible sound received and sent; found:"
        " one-way audio, nothing leaves or arrives: sent N packets: ICE connected by host, DTLS"
        " up, but none of the far end's RTCP reports, over 2 s or more, names them: they do not"
        " arrive, unless it never reports on what it receives",
    ),
    Fault(
        name="audio that stops midway",
        cause="no more RTP after 1.5 s",
        target="stops",
        options=f"{CALL} --duration 5",
        bound_s=8,
        exit_code=8,
        sentence="audio: expect-audio: expected 0.5 s of audible sound received and sent; found:"
        " one-way audio, nothing reaches us any more: sent N packets, received N, none in the last"
        " N s: ICE connected by host, DTLS up, the sound stopped midway",
    ),
    Fault(
        name="audio that stops midway",
        cause="neither RTP nor RTCP after 1.5 s, though it answers ICE checks",
        target="freezes",
        options=f"{CALL} --duration 5",
        bound_s=8,
        exit_code=8,
        sentence="audio: expect-audio: expected 0.5 s of audible sound received and sent; found:"
        " one-way audio, nothing reaches us any more: sent N packets, received N, none in the last"
        " N s: ICE connected by host, DTLS up, the sound stopped midway",
    ),
    Fault(
        name="audio that stops midway",
        cause="neither media nor answers to ICE checks after 1.5 s, and no end to the call",
        target="vanishes",
        bound_s=28,
        exit_code=7,
        sentence="audio: nothing has come from the far end for 10 s; an ICE restart did not help",
    ),
    Fault(
        name="server dying in the call",
        cause="it is killed once the media have connected",
        target="bob",
        options=f"{CALL} --duration 3",
        server="mortal",
        bound_s=8,
        exit_code=3,
        sentence="WebSocket: the connection to ws://HOST:PORT was lost and did not come back: …",
    ),
)


def settled(text: str) -> str:
    """A sentence without what differs from run to run."""
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return text


def table() -> Iterator[str]:
    """The lines of the table in docs/smoke-tests.md."""
    yield "| fault | the command | ends within | exit code | and says |"
    yield "|---|---|---|---|---|"
    for row in FAULTS:
        name = f"{row.name}: {row.cause}" if row.cause else row.name
        yield (
            f"| {name} | `{row.command}` | {row.bound_s:g} s | {row.exit_code} | {row.sentence} |"
        )
