"""A call in the hands of a script: what it can do, and what it can wait for."""

from collections.abc import Callable
from typing import Final

from sipcli.api.gauge import Gauge, Measured
from sipcli.api.story import Story
from sipcli.api.watch import TIMEOUT, Watch
from sipcli.calls.call import Call as SwitchedCall
from sipcli.calls.call_outcome import call_failure
from sipcli.calls.digits import Method
from sipcli.calls.events import CallEnded, Event, Figures
from sipcli.calls.figures import figures
from sipcli.calls.outcome import refusal
from sipcli.calls.sound import OpenSink, OpenSource, Sound
from sipcli.errors import ConfigError, ExpectationError, NoAnswerError, Phase, RefusedError
from sipcli.expect.expectations import TONE_TOLERANCE, Audio, Expectations
from sipcli.expect.verdict import Verdict, judge
from sipcli.log import LOGGER
from sipcli.media.dtmf.digits import InvalidDigits, steps
from sipcli.media.level import FLOOR_DBFS
from sipcli.shell import Shell
from sipcli.sip.uri import Uri

AudioIn = str | OpenSource
"""Where the sound of one call comes from: the words of `--audio-in`, or an object with `read`
(960 samples of 16 bits, 20 ms at 48 kHz, every 20 ms) and `close`."""
AudioOut = str | OpenSink
"""Where it goes: the words of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound = Callable[[AudioIn | None, AudioOut | None], Sound]
"""Opens what one call sounds like; None: as the phone's calls do otherwise."""

BUSY_HERE: Final = 486


class Call:
    """One call of a `Phone`, from its INVITE to its end.

    Every wait ends after `timeout` seconds at the latest, or as soon as the call is over. Where
    what it waits for does not come to pass it raises the error that the call itself has come
    to, such as `RefusedError` or `MediaError`, else `ExpectationError`; the text says what was
    seen instead.
    """

    def __init__(
        self,
        call: SwitchedCall,
        shell: Shell,
        watch: Watch,
        open_sound: OpenCallSound,
        resolve: Callable[[str], Uri],
    ) -> None:
        self.switched = call
        """The same one step further down, as the switchboard has it."""
        self._shell = shell
        self._watch = watch
        self._open_sound = open_sound
        self._resolve = resolve
        self._story = Story(call)
        self._digits_taken = 0

    def take(self, event: Event) -> None:
        """Take an event of the call, from its phone."""
        self._story.take(event)

    # How it is

    @property
    def id(self) -> str:
        """The Call-ID (RFC 3261 §8.1.1.4)."""
        return self.switched.id

    @property
    def remote(self) -> str:
        """Whom it is with, as a URI."""
        return self.switched.remote

    @property
    def display_name(self) -> str | None:
        """What the caller calls itself; None where it says nothing, or we are the caller."""
        return self.switched.display_name

    @property
    def is_incoming(self) -> bool:
        """Whether the far end placed it."""
        return self.switched.is_incoming

    @property
    def is_ringing(self) -> bool:
        """Whether it waits for us to answer or reject it."""
        return self.switched.is_ringing

    @property
    def is_answered(self) -> bool:
        """Whether it was answered, be it over by now."""
        return self.switched.is_answered

    @property
    def is_over(self) -> bool:
        """Whether all of it is over, media and files too."""
        return self.switched.over.is_set()

    @property
    def is_held(self) -> bool:
        """Whether we hold the far end, and it has agreed."""
        return self._story.is_held

    @property
    def is_held_by_remote(self) -> bool:
        """Whether the far end does not want to hear us just now."""
        return self.switched.is_held_by_remote

    @property
    def is_muted(self) -> bool:
        """Whether silence is sent in place of our sound."""
        return self.switched.is_muted

    @property
    def status(self) -> int | None:
        """The final answer to the INVITE; None before it, or where there was none."""
        return self._story.status

    @property
    def codec(self) -> str | None:
        """What our sound is encoded with; None before that is agreed."""
        return self.switched.codec

    @property
    def digits(self) -> str:
        """All digits received so far."""
        return self._story.digits

    @property
    def ended(self) -> CallEnded | None:
        """How it ended; None while it is not over."""
        return self.switched.ended

    @property
    def received(self) -> Measured:
        """What is heard from the far end just now, measured after decoding."""
        return self._measured("received")

    @property
    def sent(self) -> Measured:
        """What is said to the far end just now, measured before encoding."""
        return self._measured("sent")

    @property
    def stats(self) -> Figures | None:
        """The figures of contract §4 so far, `mos` and `loss_percent` among them.

        At the end those of the whole call; None where there never were media.
        """
        ended = self.switched.ended
        return ended.stats if ended is not None else figures(self.switched.media)

    # What it can do

    async def answer(
        self,
        *,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Answer the call that rings, and wait until that is done.

        Raises `DeviceError` and `ConfigError` for sound that cannot be had, `MediaError` where
        we have nothing in common, `NoAnswerError` where the caller has given up.
        """
        self.switched.answer(self._open_sound(audio_in, audio_out))
        await self.wait_for_answer(timeout=timeout)

    async def reject(self, status: int = BUSY_HERE, *, timeout: float = TIMEOUT) -> None:
        """Refuse the call that rings with `status`, 300 to 699, and wait for its end."""
        if not 300 <= status <= 699:
            raise ConfigError(f"reject({status}): expected a status from 300 to 699")
        self.switched.reject(status)
        await self.wait_for_end(timeout=timeout)

    async def hang_up(self, *, timeout: float = TIMEOUT) -> CallEnded:
        """End the call, in whatever state it is, and wait until all of it is over."""
        self.switched.hang_up()
        return await self.wait_for_end(timeout=timeout)

    async def hold(self, *, timeout: float = TIMEOUT) -> None:
        """Hold the far end: it is asked to send nothing, and hears silence (RFC 3264 §8.4)."""
        await self._set_hold(timeout, on=True)

    async def resume(self, *, timeout: float = TIMEOUT) -> None:
        """Take the far end back from hold."""
        await self._set_hold(timeout, on=False)

    def mute(self) -> None:
        """Send silence in place of our sound."""
        self.switched.mute(on=True)

    def unmute(self) -> None:
        """Send our sound again."""
        self.switched.mute(on=False)

    def send_dtmf(self, digits: str, method: Method = "auto") -> None:
        """Send digits as soon as the media are connected; `,` pauses 2 s, `w` 0.5 s.

        `rtp` is RFC 4733, `info` goes by SIP, `auto` takes what the far end likes. Raises
        `ConfigError` for what is no digit.
        """
        try:
            steps(digits)
        except InvalidDigits as fault:
            raise ConfigError(f"send_dtmf({digits!r}): {fault}") from None
        self._shell.spawn(self._send_dtmf(digits, method))

    async def transfer(self, target: "str | Call", *, timeout: float = 30.0) -> None:
        """Have the far end call `target`, or join it with our other call (RFC 3515, RFC 3891).

        Returns once the far end says that it worked, and this call is then ended. Raises
        `RefusedError` or `NoAnswerError` where it did not.
        """
        await self._wait_for_media(timeout)
        if isinstance(target, Call):
            self.switched.transfer(None, replaces=target.switched)
            whom = target.remote
        else:
            uri = self._resolve(target)
            self.switched.transfer(uri)
            whom = str(uri)

        def is_settled() -> bool:
            return self._story.transfer is not None and self._story.transfer.is_final

        await self._watch.until(lambda: is_settled() or self.is_over, timeout)
        last = self._story.transfer
        if last is None or not last.is_final:
            seen = f"its last word was {last.status}" if last is not None else self._story.so_far()
            raise NoAnswerError(f"transfer to {whom}: not done within {timeout:g} s; {seen}")
        if last.status is None or last.status // 100 != 2:
            raise refusal(last.status or 500, f"transfer to {whom}: {last.status or 'no word'}")

    # What it can wait for

    async def wait_for_ringing(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until it rings at the far end (180 or 183), or is answered."""
        if not await self._until(lambda: self._story.progress or self.is_answered, timeout):
            raise self._failure(f"it did not ring within {timeout:g} s", Phase.RING)

    async def wait_for_answer(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until it is answered. A call that is not answered in time goes on ringing."""
        if not await self._until(lambda: self.is_answered, timeout):
            if not self.is_over:
                raise NoAnswerError(f"nobody answered within {timeout:g} s; {self._story.so_far()}")
            raise call_failure(self.switched) or NoAnswerError(self._story.so_far())

    async def wait_for_audio(
        self, direction: Audio = "received", *, timeout: float = TIMEOUT
    ) -> None:
        """Wait until there was audible sound, 0.5 s above -50 dBFS since the answer.

        `received` means decoded here; `sent` encoded and sent, with no word from the far end
        that nothing arrives; or `both`.
        """
        wanted = Expectations(audio=direction)
        if not await self._until(lambda: self._judge(wanted).met, timeout):
            verdict = self._judge(wanted)
            text = f"waited {timeout:g} s for {verdict.expected}; found: {verdict.actual}"
            raise self._failure(text, verdict.phase)

    async def wait_for_tone(self, hz: float, *, timeout: float = TIMEOUT) -> None:
        """Wait until a tone of `hz` ± 2 % is what is heard, as `received.tone_hz` has it."""

        def is_heard() -> bool:
            heard = self.received.tone_hz
            return heard is not None and abs(heard - hz) <= TONE_TOLERANCE * hz

        if not await self._until(is_heard, timeout):
            raise self._failure(
                f"waited {timeout:g} s for a tone of {hz:g} Hz; found: {self._heard()}",
                Phase.AUDIO,
            )

    async def received_dtmf(self, count: int, *, timeout: float = TIMEOUT) -> str:
        """Wait for the next `count` digits that no earlier wait has had, and return them."""
        wanted = self._digits_taken + count
        if not await self._until(lambda: len(self.digits) >= wanted, timeout):
            found = repr(self.digits[self._digits_taken :])
            raise self._failure(
                f"waited {timeout:g} s for {count} digits; received: {found}", Phase.AUDIO
            )
        digits = self.digits[self._digits_taken : wanted]
        self._digits_taken = wanted
        return digits

    async def wait_for_end(self, *, timeout: float = TIMEOUT) -> CallEnded:
        """Wait until all of it is over, and return how it ended."""
        await self._watch.until(lambda: self.is_over, timeout)
        if self.switched.ended is None:
            raise ExpectationError(f"the call did not end within {timeout:g} s")
        return self.switched.ended

    # Inside

    async def _until(self, holds: Callable[[], object], timeout: float) -> bool:
        await self._watch.until(lambda: holds() or self.is_over, timeout)
        return bool(holds())

    def _failure(self, text: str, phase: Phase) -> Exception:
        """What to raise where a wait was in vain: what the call came to, else `text`."""
        failure = call_failure(self.switched)
        if failure is not None:
            return failure
        return ExpectationError(f"{text}; {self._story.so_far()}" if self.is_over else text, phase)

    async def _wait_for_media(self, timeout: float) -> None:
        """Wait until the media are connected."""
        if not await self._until(lambda: self._story.is_connected, timeout):
            raise self._failure(
                f"the media were not connected within {timeout:g} s; {self._story.so_far()}",
                Phase.ICE,
            )

    async def _set_hold(self, timeout: float, *, on: bool) -> None:
        await self._wait_for_media(timeout)
        self._watch.warning = None
        self.switched.hold(on=on)
        what = "hold" if on else "resume"
        if not await self._until(lambda: self.is_held == on, timeout):
            why = f": {self._watch.warning}" if self._watch.warning is not None else ""
            raise RefusedError(f"{what}: the far end did not agree within {timeout:g} s{why}")

    async def _send_dtmf(self, digits: str, method: Method) -> None:
        await self.switched.connected_or_over()
        if self.is_over:
            return
        try:
            self.switched.send_dtmf(digits, method)
        except InvalidDigits as fault:  # too many are waiting already
            LOGGER.warning("send_dtmf(%r): %s", digits, fault)

    def _measured(self, direction: Audio) -> Measured:
        flow = self._story.evidence().flow
        audible = 0.0
        if flow is not None:
            is_sent = direction == "sent"
            audible = flow.audible_sent_s if is_sent else flow.audible_received_s
        taps = self.switched.sound.taps if self.switched.sound is not None else ()
        gauge = next((tap for tap in taps if isinstance(tap, Gauge)), None)
        if gauge is None:
            return Measured(tone_hz=None, level_dbfs=FLOOR_DBFS, audible_s=audible)
        meter = gauge.sent if direction == "sent" else gauge.received
        return Measured(tone_hz=meter.latest_hz, level_dbfs=meter.latest_dbfs, audible_s=audible)

    def _judge(self, wanted: Expectations) -> Verdict:
        (verdict,) = judge(wanted, self._story.evidence())
        return verdict

    def _heard(self) -> str:
        verdict, now = self._judge(Expectations(audio="received")), self.received
        if not verdict.met:
            return verdict.actual
        tone = f"{now.tone_hz:.1f} Hz" if now.tone_hz is not None else "no tone"
        return f"{tone} at {now.level_dbfs:.1f} dBFS"
