"""Sends and receives the DTMF digits of one call, in RTP (RFC 4733) or INFO (RFC 6086)."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Final, Literal, TypeAlias

from sipcli.errors import Phase, RefusedError
from sipcli.media.dtmf.dtmf_digits import (
    DIGITS,
    MAX_STEPS,
    DialStep,
    Digit,
    InvalidDigits,
    Pause,
    parse_digits,
)
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.call_context import CallContext
from sipcli.phone.events import By, DigitsNotSent, Dtmf
from sipcli.sip.status import reason_phrase

Method: TypeAlias = Literal["rtp", "info", "auto"]

_ENDED_BY: Final[Mapping[By, str]] = {
    "local": "we",
    "remote": "the far end",
    "network": "the network",
}
INFO_TIMEOUT_S: Final = 5.0
"""Seconds to wait for the answer to an INFO before the next one is sent."""
RTP_TO_INFO_GAP_S: Final = 0.2
"""Seconds between a digit in RTP and one in INFO, which could otherwise overtake it."""
INFO_UNSUPPORTED: Final = frozenset({405, 415, 489, 501})
"""Statuses that mean that the far end does not support INFO or digits in it: send no more."""


class Sending:
    """Digits being sent. Await it until nothing more of them will be sent.

    Raises `RefusedError` if some were not sent, or the far end did not accept them.
    """

    def __init__(self, wanted: tuple[DialStep, ...], method: Method) -> None:
        self.left = deque(wanted)
        """The steps that are not sent yet."""
        self.method = method
        self.fault: str | None = None
        """Why some digits were not sent or not accepted; None if there was no fault so far."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once nothing more of it will be sent."""

    def __await__(self) -> Generator[object, None, None]:
        yield from asyncio.shield(self.over).__await__()
        if self.fault is not None:
            raise RefusedError(self.fault, Phase.AUDIO)

    @property
    def digits(self) -> str:
        """The digits that are not sent yet, without pauses."""
        return "".join(step for step in self.left if not isinstance(step, Pause))


class Digits:
    """Sends digits by the method that the far end supports, and reports those in both directions.

    The queue belongs to the call: when a new offer/answer changes what is possible, waiting
    digits go by another method. Digits that no method is left for are reported at once.
    """

    def __init__(
        self,
        context: CallContext,
        media: MediaSession,
        connected_or_over: Callable[[], Coroutine[None, None, object]],
    ) -> None:
        """`connected_or_over` waits until the media are connected, or the call has ended."""
        self._connected_or_over = connected_or_over
        self._context = context
        self._media = media
        self._sendings: deque[Sending] = deque()
        self._delivered: asyncio.Future[int | None] | None = None
        self._knows_info = True
        """False once the far end has said that it does not support INFO."""
        self._heard = 0
        """Number of digits sent in RTP."""
        self._heard_at = -RTP_TO_INFO_GAP_S
        """When the last of them was sent, in seconds on the loop's clock."""
        self._wake = asyncio.Event()
        """Set when a digit was sent in RTP, or when an offer/answer has completed."""
        self._is_over = False

    def send(self, digits: str, method: Method) -> Sending:
        """Queue digits; `,` pauses 2 s, `w` 0.5 s. Raises `InvalidDigits`.

        `auto` is RTP (RFC 4733) if the far end supports it and receives media, else INFO.
        """
        sending = Sending(parse_digits(digits), method)
        if sum(len(one.left) for one in self._sendings) + len(sending.left) > MAX_STEPS:
            raise InvalidDigits(f"more than {MAX_STEPS} digits are waiting to be sent")
        if self._is_over:
            self._give_up(sending, "the call is over", tells=False)
            return sending
        self._sendings.append(sending)
        if len(self._sendings) == 1:
            self._context.spawn(self._work())
        return sending

    def agreed(self) -> None:
        """Handle a completed offer/answer: waiting digits may have to go by another method."""
        self._wake.set()

    def end(self, by: By) -> None:
        """Handle the end of the call: report the digits that were not sent."""
        self._is_over = True
        while self._sendings:
            self._give_up(self._sendings.popleft(), f"the call is over, {_ENDED_BY[by]} ended it")

    def delivered(self, status: int | None) -> None:
        """Handle the final response to the last INFO; None if there was none."""
        if self._delivered is not None and not self._delivered.done():
            self._delivered.set_result(status)

    def received(self, content_type: str, body: bytes) -> None:
        """Handle a received INFO."""
        digit = parse_info(content_type, body)
        if digit is not None:
            self._tell("received", digit, "info")

    def heard(self, direction: Literal["sent", "received"], digit: Digit) -> None:
        """Handle a digit that was sent or received in RTP."""
        if direction == "sent":
            self._heard += 1
            self._heard_at = asyncio.get_running_loop().time()
            self._wake.set()
        self._tell(direction, digit, "rtp")

    # Sending

    async def _work(self) -> None:
        """Send everything queued, one digit at a time (RFC 6086 §4.2.2)."""
        await self._connected_or_over()  # only connected media tell how digits can be sent
        while self._sendings:
            sending = self._sendings[0]
            while sending.left and not sending.over.done():
                await self._send_next(sending)
            self._sendings.popleft()
            if not sending.over.done():
                sending.over.set_result(None)

    async def _send_next(self, sending: Sending) -> None:
        step = sending.left[0]
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            sending.left.popleft()
        elif sending.method != "info" and self._media.takes_digits:
            if await self._goes_by_rtp(step):
                sending.left.popleft()
        elif sending.method == "rtp":
            self._give_up(sending, "the far end accepts no digits in RTP now")
        elif not self._knows_info:
            ways = "in INFO" if sending.method == "info" else "in INFO, nor in RTP now"
            self._give_up(sending, f"the far end accepts no digits {ways}")
        else:
            await asyncio.sleep(
                self._heard_at + RTP_TO_INFO_GAP_S - asyncio.get_running_loop().time()
            )
            await self._send_by_info(step, sending)

    async def _goes_by_rtp(self, digit: str) -> bool:
        """Send a digit in RTP; return False if that became impossible before it began."""
        count = self._heard + 1
        if not self._media.send_digits((digit,)):
            return False
        while self._heard < count:
            self._wake.clear()
            await self._wake.wait()
            waits = self._heard < count and not self._media.takes_digits
            if waits and self._media.take_back_digits():
                return False
        return True

    async def _send_by_info(self, digit: str, sending: Sending) -> None:
        status = await self._answer_to(digit)
        if status in INFO_UNSUPPORTED:
            self._knows_info = False
            if sending.method == "auto" and self._media.takes_digits:
                return
        sending.left.popleft()
        if status is not None and status // 100 == 2:
            self._tell("sent", Digit(digit, INFO_DIGIT_MS), "info")
            return
        why = "no answer" if status is None else f"{status} {reason_phrase(status)}"
        self._fail(sending, f"the far end did not accept the digit {digit}: {why}")

    async def _answer_to(self, digit: str) -> int | None:
        """Send a digit in an INFO; return the status of the answer, None if there is none."""
        delivered: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._delivered = delivered
        call, body = self._context.call, build_info(digit)
        self._context.act(lambda calls, now: calls.info(call, INFO_RELAY, body, now))
        try:
            async with asyncio.timeout(INFO_TIMEOUT_S):
                return await delivered
        except TimeoutError:
            return None

    # Telling

    def _give_up(self, sending: Sending, why: str, *, tells: bool = True) -> None:
        """Stop sending, and report the digits that are left."""
        if sending.over.done():
            return
        if sending.digits:
            self._fail(sending, f"{why}: {sending.digits} not sent", tells=tells)
        sending.over.set_result(None)

    def _fail(self, sending: Sending, text: str, *, tells: bool = True) -> None:
        sending.fault = sending.fault or text
        if tells:
            self._context.tell(DigitsNotSent(call=self._context.call, text=text))

    def _tell(
        self, direction: Literal["sent", "received"], digit: Digit, method: Literal["rtp", "info"]
    ) -> None:
        self._context.tell(
            Dtmf(
                call=self._context.call,
                direction=direction,
                digit=digit.digit,
                duration_ms=digit.duration_ms,
                method=method,
            )
        )


INFO_RELAY: Final = "application/dtmf-relay"
INFO_PLAIN: Final = "application/dtmf"
INFO_DIGIT_MS: Final = 100
MAX_DIGIT_MS: Final = 10_000

_SIGNAL: Final = re.compile(r"^\s*Signal\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_DURATION: Final = re.compile(r"^\s*Duration\s*=\s*([0-9]{1,6})", re.IGNORECASE | re.MULTILINE)
_CODES: Final = {"10": "*", "11": "#"}
"""Event numbers (RFC 4733) that some peers write instead of the digit."""


def build_info(digit: str, duration_ms: int = INFO_DIGIT_MS) -> bytes:
    """Return the body of an INFO with `application/dtmf-relay`."""
    return f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()


def parse_info(content_type: str, body: bytes) -> Digit | None:
    """Return the digit in an INFO; None if there is none."""
    text = body[:200].decode("ascii", "replace")
    if content_type == INFO_PLAIN:
        signal, duration = text.strip(), None
    else:
        found = _SIGNAL.search(text)
        signal, duration = found[1] if found else "", _DURATION.search(text)
    digit = _CODES.get(signal, signal).upper()
    if len(digit) != 1 or digit not in DIGITS:
        return None
    return Digit(digit, min(int(duration[1]), MAX_DIGIT_MS) if duration else INFO_DIGIT_MS)
