"""The keys of calls and media, a part of the table in `keys.py`."""

from typing import Final

from sipcli.config.audio import boolean_or_auto, ring_kind, sink_kind, source_kind
from sipcli.config.list_types import codecs, stun_servers, turn_servers
from sipcli.config.policies import peer_policy
from sipcli.config.schema import WHOLE_SECONDS, Key, Section
from sipcli.config.settings import IceTransportPolicy
from sipcli.config.types import boolean, choice, seconds, whole

CALL_KEYS: Final[tuple[Key, ...]] = (
    Key(
        name="no_answer_timeout",
        kind=WHOLE_SECONDS,
        section=Section.CALLS,
        doc="How long an incoming call may ring, in whole seconds. Then it is refused with 408.",
    ),
    Key(
        name="max_calls",
        kind=whole("a whole number of calls above 0, such as 4", "N", highest=1000),
        section=Section.CALLS,
        doc="How many calls there may be at a time.",
    ),
    Key(
        name="transfers",
        kind=peer_policy(),
        section=Section.CALLS,
        doc="What to do when the far end of a call asks us to call someone else (REFER). ask: you "
        "decide, by a key, a line of --stdin or in Python; with no one to ask it is refused. "
        "Patterns such as sip:*@example.org or tel:+49* are accepted, and all else is asked about, "
        "or refused where refuse stands beside them. Each transfer counts in max_calls.",
    ),
    Key(
        name="redirects",
        kind=peer_policy(),
        section=Section.CALLS,
        doc="What to do when a call of ours is answered with another address or a proxy (3xx). "
        "The words are those of transfers; a call that a transfer started needs the permission of "
        "both keys.",
    ),
    Key(
        name="codecs",
        kind=codecs(),
        section=Section.CALLS,
        doc="The audio codecs to offer and accept, the best first.",
    ),
    Key(
        name="stun_servers",
        kind=stun_servers(),
        section=Section.CALLS,
        doc="STUN servers that tell our public address: stun:HOST, or stuns:HOST to ask by DTLS"
        " (RFC 7350). [] (as an option: none) asks nobody.",
    ),
    Key(
        name="turn_servers",
        kind=turn_servers(),
        section=Section.CALLS,
        doc="TURN servers that relay media where no direct way is found.",
        example='{ urls = "turn:turn.example.org", username = "alice", password = "secret" }',
        secret=True,
    ),
    Key(
        name="ice_transport_policy",
        kind=choice(IceTransportPolicy),
        section=Section.CALLS,
        doc="Which ways media may take. relay: only through a TURN server, which hides our "
        "address.",
    ),
    Key(
        name="ice_gathering_timeout",
        kind=seconds(),
        section=Section.CALLS,
        doc="How long to look for ways that media can take before a call goes out, in seconds.",
    ),
    Key(
        name="audio.input",
        kind=source_kind(),
        section=Section.CALLS,
        doc="What is sent: a microphone, a file, a tone, noise or silence.",
        other_option="--audio-in",
    ),
    Key(
        name="audio.output",
        kind=sink_kind(),
        section=Section.CALLS,
        doc="Where received audio goes: a loudspeaker, a WAV file or nowhere.",
        other_option="--audio-out",
    ),
    Key(
        name="audio.ring",
        kind=ring_kind(),
        section=Section.CALLS,
        doc="Where an incoming call rings.",
    ),
    Key(
        name="audio.echo_cancellation",
        kind=boolean_or_auto(),
        section=Section.CALLS,
        doc="Remove the loudspeaker's sound from what the microphone picks up. auto: where the "
        "package for it is installed (pip install 'sipcli[aec]'). Files, tones and pipes are sent "
        "as they are in any case; the same is true of the next two.",
        other_option="--echo-cancellation",
    ),
    Key(
        name="audio.noise_suppression",
        kind=boolean(),
        section=Section.CALLS,
        doc="Remove steady noise, such as a fan's, from what the microphone picks up. It takes "
        "tones for noise, too, and the package of echo_cancellation to do it.",
        other_option="--noise-suppression",
    ),
    Key(
        name="audio.gain_control",
        kind=boolean(),
        section=Section.CALLS,
        doc="Make a quiet voice at the microphone as loud as others. It brings up what is left of "
        "an echo by as much, and takes the package of echo_cancellation, too.",
        other_option="--gain-control",
    ),
    Key(
        name="opus.bitrate",
        kind=whole("bits a second from 6000 to 510000", "N", lowest=6_000, highest=510_000),
        section=Section.CALLS,
        doc="How many bits a second Opus is sent with, on average. A lower one than the default "
        "is asked of the far end, too (maxaveragebitrate); what that asks for is our limit.",
    ),
    Key(
        name="opus.complexity",
        kind=whole("a whole number from 0 to 10", "N", lowest=0, highest=10),
        section=Section.CALLS,
        doc="How hard the Opus encoder tries, 0 to 10. Less is a little worse, and takes less of "
        "the processor.",
    ),
    Key(
        name="opus.fec",
        kind=boolean(),
        section=Section.CALLS,
        doc="Let packets of Opus say how the one before them sounded, once losses are reported.",
    ),
    Key(
        name="opus.red",
        kind=boolean(),
        section=Section.CALLS,
        doc="Send the packets before again with each packet of Opus, once losses are reported "
        "(RFC 2198, RED). It takes two or three times the bits while that lasts.",
    ),
    Key(
        name="opus.dtx",
        kind=boolean(),
        section=Section.CALLS,
        doc="Send next to nothing while nobody speaks, and ask the far end to do the same.",
    ),
)
