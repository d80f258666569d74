"""A report of a call that was never made, for the pictures in docs/evidence.md and for tests.

It has all that a report can have: a slow phase and a failed one, losses, silence, an expectation of
each result. It is the same each time, so its pictures are, too.
"""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import exp, sin, tau
from typing import Final

from scripts.sample_messages import LADDER, REGISTRATION
from sipcli.errors import Phase
from sipcli.evidence.report_content import (
    CallContent,
    IceContent,
    JudgedExpectation,
    ReportContent,
    RunFacts,
    RunVerdict,
    SamplePoint,
    SettingInForce,
    SoundSpectrum,
)
from sipcli.evidence.waterfall import BarState, Fact, PhaseBar, Waterfall
from sipcli.journal.entries import IcePair
from sipcli.phone.call_events import CallStats

TALK_S: Final = 60
_ANSWER_MS: Final = 7290.0
_LOSSES: Final = range(21, 33)
"""Seconds in which packets are lost."""
_SILENCE: Final = range(46, 57)
"""Seconds in which nothing is heard."""
_SERVER: Final = "wss://sip.example.com"
_RESULT: Final = "MOS 3.51: 1.8 % of the sound was concealed, 44 ms of delay"


def report(talk_s: int = TALK_S) -> ReportContent:
    """Return a report of one call."""
    return ReportContent(
        run=_run(),
        verdict=RunVerdict(
            result="failed", sentence=f"min-mos: {_RESULT}", exit_code=8, phase="audio"
        ),
        expectations=(),
        waterfall=_connection(),
        ladder=REGISTRATION,
        calls=(call(talk_s),),
        calls_left_out=0,
        warnings=("the certificate of sip.example.com is valid for 9 more days only",),
    )


def call(talk_s: int = TALK_S) -> CallContent:
    """Return the call."""
    samples = tuple(_sample(second) for second in range(1, talk_s + 1))
    return CallContent(
        call_id="3f9c1e07@192.0.2.7",
        direction="outgoing",
        remote="sip:bob@example.com",
        begin_ms=190.0,
        end_ms=_ANSWER_MS + 1000 * talk_s,
        result="failed",
        sentence=f"min-mos: {_RESULT}",
        phase="audio",
        status=200,
        duration_s=float(talk_s),
        codec="opus",
        expectations=(
            JudgedExpectation(
                name="expect-audio",
                result="passed",
                expected="1 s of audible sound received and sent",
                actual="46.3 s of audible sound received, 60.0 s sent",
            ),
            JudgedExpectation(
                name="min-mos",
                result="failed",
                expected="a MOS of at least 4",
                actual=_RESULT,
                hint="Packets were lost on the way to us: see Quality over time.",
            ),
            JudgedExpectation(
                name="expect-dtmf",
                result="unknown",
                expected="the digits 42#",
                actual="the far end has sent none, and hung up before the 5 s were over",
            ),
        ),
        waterfall=_call_phases(),
        stats=CallStats(
            packets_sent=50 * talk_s,
            packets_received=sum(each.packets_received for each in samples),
            packets_lost=sum(each.lost for each in samples),
            packets_late=sum(each.late for each in samples),
            packets_concealed=24,
            loss_percent=1.6,
            jitter_ms=3.4,
            rtt_ms=18.3,
            playout_delay_ms=44.0,
            mos=3.51,
            level_sent_dbfs=-21.0,
            level_received_dbfs=-23.5,
            codec="opus",
            remote_loss_percent=0.2,
        ),
        samples=samples,
        spectrum=_spectrum(talk_s),
        ice=(_ice(),),
        ladder=LADDER,
    )


def _run() -> RunFacts:
    file = "/home/ci/.config/sipcli/config.toml"
    settings = (
        ("uri", '"sip:alice@example.com"', f"{file}, line 1"),
        ("password", "***", "SIPCLI_PASSWORD"),
        ("ws_servers", f'["{_SERVER}"]', "option --ws-server"),
        ("codecs", '["opus", "G722", "PCMU", "PCMA"]', "default"),
        ("register_expires", "600", "default"),
        ("stun_servers", '["stun:stun.example.com"]', f"{file}, line 4"),
    )
    versions = (
        ("sipcli", "0.13.0"),
        ("Python", "3.13.5"),
        ("system", "Linux 6.12 x86_64"),
        ("aiortc", "1.16.0"),
        ("websockets", "16.0"),
    )
    return RunFacts(
        command="call",
        target="sip:bob@example.com",
        command_line=f"sipcli call sip:bob@example.com --ws-server {_SERVER} --audio-in speech.wav"
        " --expect-audio both --expect-dtmf 42# --min-mos 4 --duration 60 --report call.html",
        began="2026-03-02T01:17:42.406Z",
        duration_ms=_ANSWER_MS + 1000 * TALK_S + 31,
        host="ci-runner-17",
        versions=tuple(Fact(name=name, value=value) for name, value in versions),
        settings=tuple(
            SettingInForce(name=name, value=value, source=source)
            for name, value, source in settings
        ),
    )


def _facts(**named: str) -> tuple[Fact, ...]:
    return tuple(Fact(name=name.replace("_", " "), value=value) for name, value in named.items())


def _connection() -> Waterfall:
    tls = _facts(
        version="TLS 1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        certificate_of="sip.example.com",
        issued_by="Example Trust, Example Root R3",
        valid_until="2026-03-11",
    )
    steps = (
        (Phase.DNS, "192.0.2.20", _facts(addresses="192.0.2.20, 2001:db8::20")),
        (Phase.TCP, "connected to 192.0.2.20, port 443", ()),
        (Phase.TLS, "TLS 1.3", tls),
        (Phase.WEBSOCKET, "101 Switching Protocols, subprotocol sip", ()),
    )
    times = pairwise((0.0, 14.0, 22.0, 61.0, 75.0))
    bars = tuple(
        PhaseBar(
            phase=phase, state="done", begin_ms=begin, end_ms=end, text=text, server=_SERVER,
            facts=facts,
        )
        for (phase, text, facts), (begin, end) in zip(steps, times, strict=True)
    )  # fmt: skip
    registration = PhaseBar(
        phase=Phase.REGISTRATION, state="done", begin_ms=75.0, end_ms=118.0, text="for 600 s"
    )
    return Waterfall(bars=(*bars, registration), failed=None)


def _call_phases() -> Waterfall:
    fingerprint = ":".join(f"{(37 * number) % 256:02X}" for number in range(32))
    dtls = _facts(
        version="DTLS 1.2",
        cipher="ECDHE-ECDSA-AES128-GCM-SHA256",
        SRTP_profile="AEAD_AES_128_GCM",
        fingerprint=f"sha-256 {fingerprint}",
    )

    states: dict[Phase, BarState] = {Phase.RING: "slow", Phase.AUDIO: "failed"}

    def bar(
        phase: Phase, begin: float, end: float, text: str, facts: tuple[Fact, ...] = ()
    ) -> PhaseBar:
        state = states.get(phase, "done")
        return PhaseBar(
            phase=phase, state=state, begin_ms=begin, end_ms=end, text=text, facts=facts
        )

    return Waterfall(
        bars=(
            bar(Phase.STUN, 118.0, 190.0, "we are 203.0.113.9 to the outside"),
            bar(Phase.RING, 190.0, _ANSWER_MS, "INVITE to 200 OK; 180 Ringing after 0.3 s"),
            bar(Phase.ICE, _ANSWER_MS, 7380.0, "host ↔ srflx, the second of 3 pairs"),
            bar(Phase.DTLS, 7380.0, 7431.0, "DTLS 1.2, we are the client", dtls),
            bar(Phase.AUDIO, 7431.0, 8431.0, _RESULT),
        ),
        failed=Phase.AUDIO,
    )


def _ice() -> IceContent:
    ours = ("host udp 192.0.2.7:41000", "srflx udp 203.0.113.9:41000")
    theirs = ("host udp 10.20.0.5:35000", "srflx udp 198.51.100.77:35000")
    return IceContent(
        at_ms=7380.0,
        local=ours,
        remote=theirs,
        pairs=(
            IcePair(
                local=ours[0], remote=theirs[1], state="succeeded", is_nominated=True,
                is_selected=True,
            ),
            IcePair(local=ours[0], remote=theirs[0], state="failed"),
            IcePair(local=ours[1], remote=theirs[1], state="frozen"),
        ),
    )  # fmt: skip


def _sample(second: int) -> SamplePoint:
    is_bad = second in _LOSSES
    wave = sin(second / 3)
    lost = (7 * second) % 9 if is_bad else int(second % 17 == 0)
    late = second % 4 if is_bad else 0
    slope = min(1.0, max(0.0, (second - _LOSSES.start) / 12))
    return SamplePoint(
        at_ms=_ANSWER_MS + 1000 * second,
        packets_sent=50,
        packets_received=50 - lost,
        lost=lost,
        late=late,
        concealed_ms=20.0 * max(0, lost + late - 3),
        recovered_ms=20.0 * min(3, lost),
        loss_percent=2.0 * lost,
        jitter_ms=round(
            2.6 + 0.6 * sin(second * 1.7) + (11 * abs(sin(second)) if is_bad else 0), 2
        ),
        playout_delay_ms=round(
            44 + sin(second * 2.3) + 62 * (_LOSSES.start < second < _SILENCE.start - 3), 1
        ),
        rtt_ms=None if second < 6 else round(18 + 2 * abs(sin(second * 0.9)), 1),
        remote_loss_percent=None if second < 6 else 1.2 * (second in (18, 19, 40)),
        remote_jitter_ms=None if second < 6 else round(3.5 + 0.5 * sin(second * 1.1), 2),
        level_sent_dbfs=round(-21 + 2 * sin(second * 1.3), 1),
        level_received_dbfs=-96.0
        if second in _SILENCE
        else round(-24 + 7 * wave + 3 * sin(second * 2.9), 1),
        mos=round(4.41 - 0.9 * slope, 2),
    )


@cache
def _spectrum(talk_s: int) -> SoundSpectrum:
    edges = [700.0 * (10 ** (mel * 3816.9 / 96 / 2595) - 1) for mel in range(97)]
    columns = 600
    return SoundSpectrum(
        begin_ms=_ANSWER_MS,
        column_ms=1000 * talk_s / columns,
        edges_hz=tuple(edges),
        floor_dbfs=-96.0,
        columns=tuple(
            bytes(
                _loudness(column * talk_s / columns, (low + high) / 2)
                for low, high in pairwise(edges)
            )
            for column in range(columns)
        ),
    )


def _loudness(second: float, hz: float) -> int:
    """Return how loud a voice is at a pitch, in dB above -96 dBFS: vowels, sibilants, pauses."""
    if int(second) in _SILENCE:
        return 0
    noise = 13 + int(7 * sin(second * 91 + hz * 13))
    syllable = max(0.0, sin(tau * 2.1 * second + 2 * sin(second)))
    is_speaking = sin(second * 0.9) > -0.55
    if hz > 12000 or not is_speaking:
        return noise
    if syllable == 0:  # a sibilant
        return max(noise, round(37 - 0.004 * abs(hz - 6200) + 5 * sin(second * 37)))
    formants = (
        (520 + 210 * sin(second * 3), 0.0),
        (1500 + 550 * sin(second * 2.2), 9.0),
        (2600, 16.0),
    )
    peak = max(74 - down - 30 * abs(hz - at) / (at * 0.75) for at, down in formants)
    voice = 6 * sin(tau * hz / 118) if hz < 1100 else 0
    body = 60 * exp(-abs(hz - 240) / 260)
    return max(noise, min(84, round((max(peak, body) + voice + 6) * (0.55 + 0.45 * syllable))))


def several(talk_s: int = 8) -> ReportContent:
    """Return a report of three calls, of which the first has failed."""
    whole = report(talk_s)
    good = replace(
        whole.calls[0], result="passed", sentence="answered, then ended by us", phase=None
    )
    return replace(
        whole,
        calls=(whole.calls[0], replace(good, call_id="2"), replace(good, call_id="3")),
    )
