"""Values of header fields that have parts: CSeq, Content-Type, Reason and so on (RFC 3261 §20)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import BLANKS, QUOTED, TOKEN_CHARS, Malformed, integer, unquote
from sipcli.sip.params import NO_PARAMS, Params
from sipcli.sip.recent import remembering

MAX_SEQUENCE_NUMBER: Final = 2**32 - 1
"""RFC 3261 §8.1.1.5 ends new numbers at 2**31; counting on does no harm."""
MAX_DELTA_SECONDS: Final = 2**32 - 1
"""The maximum of delta-seconds (RFC 3261 §20.19)."""

_TOKEN: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+")
_CSEQ: Final = re.compile(rf"([0-9]++)[ \t]++([{TOKEN_CHARS}]++)")
_RACK: Final = re.compile(rf"([0-9]++)[ \t]++([0-9]++[ \t]++[{TOKEN_CHARS}]++)")
_TYPE: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+/[ \t]*+([{TOKEN_CHARS}]++)[ \t]*+")
_SECONDS: Final = re.compile(r"([0-9]++)[ \t]*+")
# Comments may be nested; only the parentheses matter here.
_COMMENT_PIECE: Final = re.compile(r"[^()\\]++|\\.", re.DOTALL)
_WARNING: Final = re.compile(rf'([0-9]{{3}})[ \t]++([^ \t"]++)[ \t]++({QUOTED})', re.DOTALL)


@dataclass(frozen=True, slots=True)
class CSeq:
    """The number of a request in its dialog, and its method (RFC 3261 §20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Parse the value; raises `Malformed`."""
        return _recent_cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _parse_cseq(text: str) -> CSeq:
    found = _CSEQ.fullmatch(text)
    if found is None:
        raise Malformed("this is not a number and a method")
    return CSeq(integer(found[1], 0, MAX_SEQUENCE_NUMBER, "the number"), found[2])


_recent_cseq: Final = remembering(_parse_cseq)


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional response a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> "RAck":
        """Parse the value; raises `Malformed`."""
        found = _RACK.fullmatch(text)
        if found is None:
            raise Malformed("this is not two numbers and a method")
        return cls(
            integer(found[1], 0, MAX_SEQUENCE_NUMBER, "the RSeq number"), CSeq.parse(found[2])
        )

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type with its parameters, type and subtype in lower case (RFC 3261 §20.15)."""

    type: str
    subtype: str
    params: Params = NO_PARAMS

    @property
    def essence(self) -> str:
        """Type and subtype alone: `application/sdp`."""
        return f"{self.type}/{self.subtype}"

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Parse the value; raises `Malformed`."""
        found = _TYPE.match(text)
        if found is None:
            raise Malformed("this is not type/subtype")
        return cls(found[1].lower(), found[2].lower(), Params.parse(text, found.end()))

    def __str__(self) -> str:
        return f"{self.essence}{self.params}"


@dataclass(frozen=True, slots=True)
class ContentDisposition:
    """What a body is for: `session`, `render`, `early-session`; in lower case (RFC 3261 §20.11)."""

    kind: str
    params: Params = NO_PARAMS

    @property
    def handling(self) -> str | None:
        """`optional`: a receiver that does not know the disposition may ignore the body.
        `required`: it may not; by RFC 3261 §20.11 that is also the default (None)."""
        value = self.params.get("handling")
        return None if value is None else value.lower()

    @property
    def is_optional(self) -> bool:
        """True if a receiver that does not know the disposition may ignore the body."""
        return self.handling == "optional"

    @classmethod
    def parse(cls, text: str) -> "ContentDisposition":
        """Parse the value; raises `Malformed`."""
        kind, params = _token_and_params(text, "the disposition")
        return cls(kind.lower(), params)

    def __str__(self) -> str:
        return f"{self.kind}{self.params}"


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """When a refused request may be tried again (RFC 3261 §20.33)."""

    seconds: int
    comment: str | None = None
    params: Params = NO_PARAMS

    @property
    def duration(self) -> int | None:
        """How long the far end will then be available, in seconds; None if missing or malformed."""
        return _seconds_param(self.params, "duration")

    @classmethod
    def parse(cls, text: str) -> "RetryAfter":
        """Parse the value; raises `Malformed`."""
        seconds, at = _seconds(text)
        comment, at = _comment(text, at)
        return cls(seconds, comment, Params.parse(text, at))


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """How long a session lasts without a refresh, and who refreshes it (RFC 4028 §4)."""

    seconds: int
    params: Params = NO_PARAMS

    @property
    def refresher(self) -> str | None:
        """`uac` or `uas` in lower case; None if undecided."""
        value = self.params.get("refresher")
        return None if value is None else value.lower()

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        """Parse the value of Session-Expires or Min-SE; raises `Malformed`."""
        seconds, at = _seconds(text)
        return cls(seconds, Params.parse(text, at))

    def __str__(self) -> str:
        return f"{self.seconds}{self.params}"


def _seconds(text: str) -> tuple[int, int]:
    found = _SECONDS.match(text)
    if found is None:
        raise Malformed("this is not a number of seconds")
    return integer(found[1], 0, MAX_DELTA_SECONDS, "the number of seconds"), found.end()


def _seconds_param(params: Params, name: str) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    try:
        return integer(value, 0, MAX_DELTA_SECONDS, name)
    except Malformed:
        return None


def _comment(text: str, start: int) -> tuple[str | None, int]:
    if text[start : start + 1] != "(":
        return None, start
    depth = 0
    at = start
    while at < len(text):
        found = _COMMENT_PIECE.match(text, at)
        if found is not None:
            at = found.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return text[start + 1 : at - 1], at
    raise Malformed("a comment is not closed", start)


@dataclass(frozen=True, slots=True)
class Reason:
    """One element of Reason: why a call ended, in the terms of a protocol (RFC 3326 §2)."""

    protocol: str
    """As written: `SIP`, `Q.850`."""
    params: Params = NO_PARAMS

    @property
    def cause(self) -> int | None:
        """The protocol's own status code."""
        value = self.params.get("cause")
        try:
            return None if value is None else integer(value, 0, 9999, "the cause")
        except Malformed:
            return None

    @property
    def text(self) -> str | None:
        """The reason for people; from the peer, so it may contain control characters."""
        return self.params.get("text")

    @classmethod
    def parse(cls, text: str) -> "Reason":
        """Parse one element; raises `Malformed`."""
        protocol, params = _token_and_params(text, "the protocol")
        return cls(protocol, params)

    def __str__(self) -> str:
        return f"{self.protocol}{self.params}"


@dataclass(frozen=True, slots=True)
class Warning:
    """One element of Warning: details beyond the status (RFC 3261 §20.43)."""

    code: int
    agent: str
    """The server that added it: a host or a pseudonym."""
    text: str

    @classmethod
    def parse(cls, text: str) -> "Warning":
        """Parse one element; raises `Malformed`."""
        found = _WARNING.fullmatch(text)
        if found is None:
            raise Malformed("this is not code, agent and quoted text")
        return cls(int(found[1]), found[2], unquote(found[3]))


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that a new call replaces, as seen by the receiver (RFC 3891 §6.1)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False
    """True if it may be replaced only while it rings."""

    @classmethod
    def parse(cls, text: str) -> "Replaces":
        """Parse the value; raises `Malformed`."""
        call_id, semicolon, rest = text.partition(";")
        params = Params.parse(semicolon + rest)
        to_tag = params.get("to-tag")
        from_tag = params.get("from-tag")
        call_id = call_id.strip(BLANKS)
        if not call_id or to_tag is None or from_tag is None:
            raise Malformed("this is not a Call-ID with to-tag and from-tag")
        return cls(call_id, to_tag, from_tag, "early-only" in params)

    def __str__(self) -> str:
        flag = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{flag}"


@dataclass(frozen=True, slots=True)
class EventPackage:
    """The value of Event: the package of a SUBSCRIBE or NOTIFY (RFC 6665 §8.2.1)."""

    package: str
    """As written; case matters."""
    params: Params = NO_PARAMS

    @property
    def id(self) -> str | None:
        """Distinguishes several subscriptions to one package in a dialog."""
        return self.params.get("id")

    @classmethod
    def parse(cls, text: str) -> "EventPackage":
        """Parse the value; raises `Malformed`."""
        package, params = _token_and_params(text, "a token")
        return cls(package, params)

    def __str__(self) -> str:
        return f"{self.package}{self.params}"


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """The state of a subscription: `active`, `pending` or `terminated` (RFC 6665 §8.2.3)."""

    state: str
    params: Params = NO_PARAMS

    @property
    def reason(self) -> str | None:
        """Why it ended, in lower case; None if not given."""
        value = self.params.get("reason")
        return None if value is None else value.lower()

    @classmethod
    def parse(cls, text: str) -> "SubscriptionState":
        """Parse the value; raises `Malformed`."""
        state, params = _token_and_params(text, "a token")
        return cls(state.lower(), params)

    def __str__(self) -> str:
        return f"{self.state}{self.params}"


def _token_and_params(text: str, what: str) -> tuple[str, Params]:
    """Split a token from the parameters after it; raises `Malformed`, which names it as `what`."""
    found = _TOKEN.match(text)
    if found is None:
        raise Malformed(f"{what} is missing")
    return found[1], Params.parse(text, found.end())
