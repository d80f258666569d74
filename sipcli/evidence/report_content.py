"""What a report says, as data. The HTML page, the Markdown text and the JSON say the same.

The JSON has the names of these fields as its keys (docs/evidence.md), so a field that is renamed
or removed breaks the programs of others: raise `SCHEMA` then. Fields that are added do not.

Each time that ends in `_ms` is in milliseconds since `RunFacts.began`, unless its name says what it
lasts (`duration_ms`, `jitter_ms`). No text has a secret or a control character, but text from the
far end is in it, so each format escapes it in its own way.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sipcli.evidence.ladder_words import MessageKind
from sipcli.evidence.waterfall import Fact, Waterfall
from sipcli.journal.entries import IcePair
from sipcli.phone.events import CallStats

SCHEMA: Final = 1
"""The version of the JSON's keys."""

Judgement: TypeAlias = Literal["passed", "failed", "unknown"]
"""`unknown`: it could not be judged, or nothing was expected and nothing was to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInForce:
    """One setting, secrets hidden."""

    name: str
    value: str
    """As in the configuration file (TOML); empty if it is not set."""
    source: str
    """Where it comes from: `default`, `option --codecs`, a file and its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The command: what was run, where and when."""

    command: str
    """Its name: `call`."""
    target: str = ""
    """The far end; empty for a command without one."""
    command_line: str
    """To run it again from a shell; secrets are hidden."""
    began: str
    """RFC 3339, UTC, with milliseconds."""
    duration_ms: float
    host: str
    """The name of the machine."""
    versions: tuple[Fact, ...]
    """sipcli, Python, the operating system and the libraries that matter."""
    settings: tuple[SettingInForce, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """How the command ended."""

    result: Judgement
    sentence: str
    """In one sentence: what `finished` says, or what was met."""
    exit_code: int
    phase: str | None
    """The step that failed, as `finished` names it in the events; None if none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedExpectation:
    """An expectation and what was found, or a check of `doctor`."""

    name: str
    """The option's, without dashes; of `doctor` the step's."""
    result: Judgement
    expected: str
    actual: str
    hint: str | None = None
    """What to do about it; None if nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedMessage:
    """A SIP message, or something else that crossed the connection, as a row of the ladder."""

    at_ms: float
    direction: Literal["sent", "received"]
    sender: str
    """The party, one of `ReportedLadder.parties`."""
    receiver: str
    kind: MessageKind
    label: str
    """`INVITE`, `180 Ringing`: short enough for an arrow."""
    note: str
    """What else is worth knowing at a glance: a retransmission, the SDP in short; may be empty."""
    text: str
    """The whole message; secrets are masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLadder:
    """Messages in their order."""

    parties: tuple[str, ...]
    """In order of appearance."""
    messages: tuple[ReportedMessage, ...]
    left_out: int
    """Messages that the report has no room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePoint:
    """The figures of a call at one moment. Counts are since the point before.

    A figure is None while it is not known.
    """

    at_ms: float
    packets_sent: int
    packets_received: int
    lost: int
    """Packets that never came."""
    late: int
    """Packets that came too late to be played."""
    concealed_ms: float
    """Sound that was made up in place of lost and late packets."""
    recovered_ms: float
    """Sound that redundancy brought back (RFC 2198, FEC)."""
    loss_percent: float | None
    """Of the packets that were due since the point before."""
    jitter_ms: float
    playout_delay_ms: float
    rtt_ms: float | None
    remote_loss_percent: float | None
    """Of what we send, as the far end reports it; so is the next one."""
    remote_jitter_ms: float | None
    level_sent_dbfs: float
    """-96 is silence, like the next one."""
    level_received_dbfs: float
    mos: float | None
    """Of the call so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSpectrum:
    """A spectrogram of what was heard: the level of each band in each column of time."""

    begin_ms: float
    column_ms: float
    """How long a column lasts. Columns follow one another without a gap."""
    edges_hz: tuple[float, ...]
    """Of the bands, from low to high: one more than there are bands."""
    floor_dbfs: float
    columns: tuple[bytes, ...]
    """For each column a byte for each band: its level in dB above `floor_dbfs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IceContent:
    """What ICE has found, at one time."""

    at_ms: float
    local: tuple[str, ...]
    """Candidates, each as type, protocol, address and port."""
    remote: tuple[str, ...]
    pairs: tuple[IcePair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContent:
    """One call."""

    call_id: str
    direction: Literal["outgoing", "incoming"]
    remote: str
    """The URI of the far end."""
    begin_ms: float
    """The INVITE."""
    end_ms: float
    result: Judgement
    sentence: str
    """How it ended, or what was not met."""
    phase: str | None
    """The step that failed, as in `RunVerdict`; None if none did."""
    status: int | None
    """The final answer to the INVITE; None without one."""
    duration_s: float
    """Since the answer; 0 without one."""
    codec: str | None
    expectations: tuple[JudgedExpectation, ...]
    waterfall: Waterfall
    """Of this call alone; the run's connections have their own."""
    stats: CallStats | None
    """Of the whole call; None if no media were ever agreed on."""
    samples: tuple[SamplePoint, ...]
    spectrum: SoundSpectrum | None
    """None if no sound was recorded."""
    ice: tuple[IceContent, ...]
    """In the order of time; more than one where ICE was restarted."""
    ladder: ReportedLadder
    """The messages of this call alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """The whole report."""

    schema: int = SCHEMA
    run: RunFacts
    verdict: RunVerdict
    expectations: tuple[JudgedExpectation, ...]
    """Those of no call, since there was none, and the checks of `doctor`."""
    waterfall: Waterfall
    """Connections and registration; the calls have their own."""
    ladder: ReportedLadder
    """The messages of no call: REGISTER, OPTIONS, MESSAGE."""
    calls: tuple[CallContent, ...]
    """The worst first: failed ones, then by MOS."""
    calls_left_out: int
    """Calls that the report has no room for: where there is a choice, those that went well."""
    warnings: tuple[str, ...]
    """What the phone warned of."""
