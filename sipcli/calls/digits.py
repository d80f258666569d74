"""Digits of one call, in RTP and in INFO."""

import asyncio
from typing import Final, Literal, TypeAlias

from sipcli.calls import dtmf_info
from sipcli.calls.events import DigitsNotSent, Dtmf
from sipcli.calls.thread import Thread
from sipcli.media.dtmf.digits import Digit, Pause, Step, steps
from sipcli.media.session.session import MediaSession
from sipcli.sip.status import reason_phrase

Method: TypeAlias = Literal["rtp", "info", "auto"]

INFO_WAIT: Final = 5.0
"""Seconds after which the next INFO goes out, whatever became of the one before."""


class Digits:
    """Sends digits the way that the far end takes them, and tells of all in both directions."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._turn = asyncio.Lock()
        self._delivered: asyncio.Future[int | None] | None = None

    def send(self, digits: str, method: Method, media: MediaSession) -> None:
        """Send digits (`,` pauses 2 s, `w` 0.5 s). Raises `InvalidDigits`.

        `auto` is RTP where the far end takes digits there (RFC 4733) and listens, else INFO.
        """
        wanted = steps(digits)
        if method != "info" and media.send_digits(wanted):
            return
        if method == "rtp":
            text = "the far end takes no digits in RTP just now: nothing was sent"
            self._tell_unsent(text)
        else:
            self._thread.spawn(self._send_info(wanted))

    def delivered(self, status: int | None) -> None:
        """The INFO sent last has its final answer; None: none came."""
        if self._delivered is not None and not self._delivered.done():
            self._delivered.set_result(status)

    def received(self, content_type: str, body: bytes) -> None:
        """An INFO came."""
        digit = dtmf_info.parse(content_type, body)
        if digit is not None:
            self.tell("received", digit, "info")

    def tell(
        self, direction: Literal["sent", "received"], digit: Digit, method: Literal["rtp", "info"]
    ) -> None:
        """Tell of a digit."""
        self._thread.tell(
            Dtmf(
                call=self._thread.call,
                direction=direction,
                digit=digit.digit,
                duration_ms=digit.duration_ms,
                method=method,
            )
        )

    async def _send_info(self, wanted: tuple[Step, ...]) -> None:
        """One after the other, those of an earlier call of this first (RFC 6086 §4.2.2)."""
        async with self._turn:
            for step in wanted:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    continue
                status = await self._answer_to(step)
                if status is not None and status // 100 == 2:
                    self.tell("sent", Digit(step, dtmf_info.USUAL_MS), "info")
                else:
                    why = "no answer" if status is None else f"{status} {reason_phrase(status)}"
                    self._tell_unsent(f"the far end did not take the digit {step}: {why}")

    def _tell_unsent(self, text: str) -> None:
        self._thread.tell(DigitsNotSent(call=self._thread.call, text=text))

    async def _answer_to(self, digit: str) -> int | None:
        """Send a digit; the status that the far end answers with, None where no answer comes."""
        delivered: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._delivered = delivered
        with self._thread.verbs() as (calls, now):
            calls.info(self._thread.call, dtmf_info.RELAY, dtmf_info.build(digit), now)
        try:
            async with asyncio.timeout(INFO_WAIT):
                return await delivered
        except TimeoutError:
            return None
