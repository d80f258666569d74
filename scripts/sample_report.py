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
_OURS: Final = ("host udp 192.0.2.7:41000", "srflx udp 203.0.113.9:41000")
_THEIRS: Final = ("host udp 10.20.0.5:35000", "srflx udp 198.51.100.77:35000")
_SERVER: Final = "wss://sip.example.com"
_RESULT: Final = "min-mos: expected at least 4; found: 3.51"


def report(talk_s: int = TALK_S) -> ReportContent:
    """Return a report of one call."""
    return ReportContent(
        run=_run(),
        verdict=RunVerdict(
            result="failed", sentence=f"audio: {_RESULT}", exit_code=8, phase="audio"
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
        sentence=_RESULT,
        phase="audio",
        status=200,
        duration_s=float(talk_s),
        codec="opus",
        expectations=(
            JudgedExpectation(
                name="expect-audio",
                result="passed",
                expected="0.5 s of audible sound received and sent",
                actual="46.3 s of audible sound received, 60.0 s sent",
            ),
            JudgedExpectation(
                name="min-mos",
                result="failed",
                expected="at least 4",
                actual="3.51",
            ),
            JudgedExpectation(
                name="max-loss", result="passed", expected="at most 2 %", actual="1.67 %"
            ),
        ),
        waterfall=_call_phases(),
        stats=CallStats(
            packets_sent=50 * talk_s,
            packets_received=sum(each.packets_received for each in samples),
            packets_lost=sum(each.lost for each in samples),
            packets_late=sum(each.late for each in samples),
            packets_concealed=24,
            loss_percent=1.67,
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
        ("uri", '"sip:alice@example.com"', f"{file}:1"),
        ("password", '"(hidden)"', "SIPCLI_PASSWORD"),
        ("ws_servers", f'["{_SERVER}"]', "--ws-servers"),
        ("codecs", '["opus", "G722", "PCMU", "PCMA"]', "default"),
        ("register_expires", "600", "default"),
        ("stun_servers", '["stun:stun.example.com"]', f"{file}:4"),
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
        command_line=f"sipcli call sip:bob@example.com --ws-servers {_SERVER} --audio-in speech.wav"
        " --expect-audio both --min-mos 4 --max-loss 2 --duration 60 --report call.html",
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
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        certificate_of="sip.example.com",
        issued_by="Example Trust, Example Root R3",
        valid_until="2026-03-11",
    )
    steps = (
        (Phase.DNS, "192.0.2.20", _facts(addresses="192.0.2.20, 2001:db8::20")),
        (Phase.TCP, "192.0.2.20:443", ()),
        (Phase.TLS, "TLSv1.3", tls),
        (Phase.WEBSOCKET, "sip", ()),
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
        phase=Phase.REGISTRATION,
        state="done",
        begin_ms=75.0,
        end_ms=118.0,
        text="registered for 600 s, 2 requests",
    )
    return Waterfall(bars=(*bars, registration), failed=None)


def _call_phases() -> Waterfall:
    fingerprint = ":".join(f"{(37 * number) % 256:02X}" for number in range(32))
    dtls = _facts(
        version="DTLSv1.2",
        cipher="ECDHE-ECDSA-AES128-GCM-SHA256",
        SRTP_profile="SRTP_AEAD_AES_128_GCM",
        fingerprint=f"sha-256 {fingerprint}",
    )

    rings_ms, ice_ms, dtls_ms = 489.0, 7380.0, 7431.0

    def bar(
        phase: Phase, begin: float, end: float, text: str, state: BarState = "done"
    ) -> PhaseBar:
        facts = dtls if phase is Phase.DTLS else ()
        return PhaseBar(
            phase=phase, state=state, begin_ms=begin, end_ms=end, text=text, facts=facts
        )

    return Waterfall(
        bars=(
            bar(Phase.STUN, 118.0, 190.0, "203.0.113.9:41000"),
            bar(Phase.RING, 190.0, rings_ms, "INVITE until 180 Ringing"),
            bar(Phase.RING, rings_ms, _ANSWER_MS, "it rings until 200 OK", "slow"),
            bar(Phase.ANSWER, _ANSWER_MS, _ANSWER_MS, "200 OK received"),
            bar(Phase.OFFER_ANSWER, _ANSWER_MS, _ANSWER_MS, "agreed on opus"),
            bar(Phase.ICE, _ANSWER_MS, ice_ms, f"{_OURS[0]} to {_THEIRS[1]}"),
            bar(Phase.DTLS, ice_ms, dtls_ms, "DTLSv1.2, ECDHE-ECDSA-AES128-GCM-SHA256"),
            bar(Phase.AUDIO, dtls_ms, _ANSWER_MS + 1000 * TALK_S, _RESULT, "failed"),
        ),
        failed=Phase.AUDIO,
    )


def _ice() -> IceContent:
    return IceContent(
        at_ms=7380.0,
        local=_OURS,
        remote=_THEIRS,
        pairs=(
            IcePair(
                local=_OURS[0], remote=_THEIRS[1], state="succeeded", is_nominated=True,
                is_selected=True,
            ),
            IcePair(local=_OURS[0], remote=_THEIRS[0], state="failed"),
            IcePair(local=_OURS[1], remote=_THEIRS[1], state="frozen"),
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
