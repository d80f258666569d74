"""Digits of one call, in RTP and in INFO."""

import asyncio
from typing import Final, Literal

from sipcli.calls import dtmf_info
from sipcli.calls.events import CallWarned, Dtmf
from sipcli.calls.thread import Thread
from sipcli.media.dtmf.digits import Digit, Pause, Step, steps
from sipcli.media.session.session import MediaSession

Method = Literal["rtp", "info", "auto"]

INFO_WAIT: Final = 5.0
"""Seconds after which the next INFO goes out, whatever became of the one before."""


class Digits:
    """Sends digits the way that the far end takes them, and tells of all in both directions."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._delivered = asyncio.Event()

    def send(self, digits: str, method: Method, media: MediaSession) -> None:
        """Send digits (`,` pauses 2 s, `w` 0.5 s). Raises `InvalidDigits`.

        `auto` is RTP where the far end understands digits there (RFC 4733), else INFO.
        """
        wanted = steps(digits)
        if method != "info" and media.send_digits(wanted):
            return
        if method == "rtp":
            text = "the far end takes no digits in RTP: nothing was sent"
            self._thread.tell(CallWarned(text=text))
        else:
            self._thread.spawn(self._send_info(wanted))

    def delivered(self) -> None:
        """The INFO sent last has its answer."""
        self._delivered.set()

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
        for step in wanted:
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            self._delivered.clear()
            with self._thread.verbs() as (calls, now):
                calls.info(self._thread.call, dtmf_info.RELAY, dtmf_info.build(step), now)
            try:
                async with asyncio.timeout(INFO_WAIT):
                    await self._delivered.wait()
            except TimeoutError:
                self._thread.tell(CallWarned(text=f"the digit {step} was not acknowledged"))
                continue
            self.tell("sent", Digit(step, dtmf_info.USUAL_MS), "info")
