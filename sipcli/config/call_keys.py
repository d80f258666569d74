"""The keys of calls and media, part of `keys.KEYS`."""

from typing import Final

from sipcli.catalog.audio_spec import RINGS, SINKS, SOURCES
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
        doc="How long an incoming call rings, in whole seconds. Then it is rejected with 408.",
    ),
    Key(
        name="max_calls",
        kind=whole("a whole number of calls above 0, such as 4", "N", highest=1000),
        section=Section.CALLS,
        doc="The maximum number of calls at a time.",
        rare=True,
    ),
    Key(
        name="transfers",
        kind=peer_policy(),
        section=Section.CALLS,
        doc="What to do when the far end of a call asks us to call someone else (REFER). ask: you "
        "decide, with a key, a line of --stdin or in Python; if nothing can ask you, the transfer "
        "is refused. Patterns such as sip:*@example.org or tel:+49* are accepted; for other "
        "targets you are asked or, with refuse beside the patterns, they are refused. The new "
        "call counts in max_calls.",
    ),
    Key(
        name="redirects",
        kind=peer_policy(),
        section=Section.CALLS,
        doc="What to do when our call is answered with another address or a proxy (3xx). "
        "Takes the same values as transfers; a call that a transfer started needs the permission "
        "of both keys.",
    ),
    Key(
        name="codecs",
        kind=codecs(),
        section=Section.MEDIA,
        doc="The audio codecs to offer and accept, in order of preference.",
    ),
    Key(
        name="stun_servers",
        kind=stun_servers(),
        section=Section.MEDIA,
        doc="STUN servers that report our public address: stun:HOST, stuns:HOST to use DTLS"
        " (RFC 7350), or none. In the file, [] stands for none.",
    ),
    Key(
        name="turn_servers",
        kind=turn_servers(),
        section=Section.MEDIA,
        doc="TURN servers that relay media if there is no direct path.",
        example='{ urls = "turn:turn.example.org", username = "alice", password = "secret" }',
        secret=True,
    ),
    Key(
        name="ice_transport_policy",
        kind=choice(IceTransportPolicy),
        section=Section.MEDIA,
        doc="Which paths media may take. relay: only through a TURN server, which hides our "
        "address.",
    ),
    Key(
        name="ice_gathering_timeout",
        kind=seconds(),
        section=Section.MEDIA,
        doc="How long to gather ICE candidates before a call is sent, in seconds.",
        rare=True,
    ),
    Key(
        name="audio.input",
        kind=source_kind(),
        section=Section.AUDIO,
        doc=f"What is sent: a microphone, a file, a tone, noise or silence. Takes {SOURCES.usage}.",
        other_option="--audio-in",
    ),
    Key(
        name="audio.output",
        kind=sink_kind(),
        section=Section.AUDIO,
        doc="Where received audio goes: a loudspeaker, a WAV file or nowhere. Takes "
        f"{SINKS.usage}.",
        other_option="--audio-out",
    ),
    Key(
        name="audio.ring",
        kind=ring_kind(),
        section=Section.AUDIO,
        doc=f"Where an incoming call rings. Takes {RINGS.usage}.",
    ),
    Key(
        name="audio.echo_cancellation",
        kind=boolean_or_auto(),
        section=Section.AUDIO,
        doc="Remove the loudspeaker's sound from what the microphone picks up. auto: if the "
        "package for it is installed (pip install 'sipcli[aec]'). Files, tones and pipes are never "
        "processed; this is also true for the next two keys.",
        other_option="--echo-cancellation",
    ),
    Key(
        name="audio.noise_suppression",
        kind=boolean(),
        section=Section.AUDIO,
        doc="Remove steady noise, such as a fan's, from what the microphone picks up. It removes "
        "steady tones, too. Needs the same package as echo_cancellation.",
        other_option="--noise-suppression",
        rare=True,
    ),
    Key(
        name="audio.gain_control",
        kind=boolean(),
        section=Section.AUDIO,
        doc="Bring a quiet voice at the microphone to a normal level. It amplifies any remaining "
        "echo as well. Needs the same package as echo_cancellation.",
        other_option="--gain-control",
        rare=True,
    ),
    Key(
        name="opus.bitrate",
        kind=whole("bits per second from 6000 to 510000", "N", lowest=6_000, highest=510_000),
        section=Section.AUDIO,
        doc="The average bit rate of the Opus we send, in bits per second. A value below the "
        "default is also requested from the far end (maxaveragebitrate). We never exceed what "
        "the far end requests.",
        rare=True,
    ),
    Key(
        name="opus.complexity",
        kind=whole("a whole number from 0 to 10", "N", lowest=0, highest=10),
        section=Section.AUDIO,
        doc="The complexity of the Opus encoder, 0 to 10. Lower values use less CPU, and sound a "
        "little worse.",
        rare=True,
    ),
    Key(
        name="opus.fec",
        kind=boolean(),
        section=Section.AUDIO,
        doc="Use Opus in-band FEC once losses are reported: each packet can repair the one before.",
        rare=True,
    ),
    Key(
        name="opus.red",
        kind=boolean(),
        section=Section.AUDIO,
        doc="Use redundancy (RED, RFC 2198) for Opus once losses are reported. Each packet then "
        "repeats the ones before it. This takes two or three times the bit rate while losses last.",
        rare=True,
    ),
    Key(
        name="opus.dtx",
        kind=boolean(),
        section=Section.AUDIO,
        doc="Send almost nothing during silence (DTX), and ask the far end to do the same.",
        rare=True,
    ),
)
