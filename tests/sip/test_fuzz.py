"""Hostile bytes: damaged messages and messages made to be slow. The seeds are fixed."""

import random
import re
from collections.abc import Callable
from functools import partial

import pytest

from sipcli.sip import build
from sipcli.sip.bodies import decode_text, find_body, must_refuse
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Message, Request
from sipcli.sip.parser import encode, parse
from sipcli.sip.validate import check
from tests.growth import assert_costs_at_most, assert_grows_linearly, cpu_seconds
from tests.sip.corpus import Case, cases

MANDATORY = {"vias", "via", "from_", "to", "call_id", "cseq"}
"""What may raise `Malformed`, and nothing else."""
OPTIONAL = {name for name in vars(Message) if not name.startswith("_")} - MANDATORY

REASON = re.compile(r"[A-Za-z0-9 \-_.!~*'();/?:@&=+$,]+")
"""What a reason phrase may hold unescaped (RFC 3261 §25.1): a fault's is fit to be one."""


def exercise(data: bytes) -> None:
    """Parse, check, read every field, write all of it, and answer; any exception is a defect."""
    message = parse(data).message
    if message is None:
        return
    faults = check(message)
    assert all(REASON.fullmatch(fault.reason) for fault in faults)
    for name in OPTIONAL:
        write(getattr(message, name))
    for name in MANDATORY | ({"uri"} if isinstance(message, Request) else set()):
        try:
            value = getattr(message, name)
        except Malformed:
            assert faults  # what cannot be read is told
        else:
            write(value)
    for kinds in (("application/sdp",), ("text/plain", "message/cpim")):
        body = find_body(message, kinds)
        must_refuse(message, kinds, is_strict=True)
        if body is not None:
            decode_text(body.content, body.kind.params.get("charset"))
    for name, value in message.headers:
        assert not set("\r\n") & set(name + value)
    repr(message)
    encode(message)
    if isinstance(message, Request):
        reason = faults[0].reason if faults else None
        encode(build.response(message, 400, reason, to_tag="t"))


def write(value: object) -> None:
    """What could be read can be written."""
    for one in value if isinstance(value, tuple) else (value,):
        str(one)


pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

MUTANTS = 200
"""Of each message of the corpora, so 12,200 in all."""
DEAREST = 50
"""How many times what the longest message of the corpora costs a damaged message may cost. A
pattern that tries all ways to split a text costs thousands of times as much."""
LARGEST = 65536
"""Bytes: the greatest message that is read."""

BITS = [
    *(bytes([value]) for value in (0, 9, 10, 13, 32, 127, 128, 255)),
    *(b'"', b"\\", b"<", b">", b",", b";", b":", b"@", b"%", b"=", b"?", b"*", b"(", b"[", b"]"),
    *(b"\r\n", b"\r\n ", b"\r\n\r\n", b"%00", b"%", b"sip:", b"SIP/2.0", b"9" * 30, b"\xc3\x28"),
    *(b"Via: ", b"l: 1", b"\r\nm: *", b'""', b"<>", b";tag", b"\xef\xbb\xbf", b"\xe2\x80\xa8"),
]


def mutant(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """`data` with one to four accidents."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(data) + 1)
        end = min(len(data), start + dice.choice([1, 2, 5, 20, 80]))
        match dice.randrange(6):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:end] + data[start:]
            case 2:
                data = data[:start] + dice.choice(BITS) + data[start:]
            case 3:
                data = data[:start] + dice.choice(BITS) + data[end:]
            case 4:
                other = dice.choice(others)
                place = dice.randrange(len(other))
                data = data[:start] + other[place : place + end - start] + data[end:]
            case _:
                data = data[:start] + bytes([dice.randrange(256)]) + data[start + 1 :]
    return data


@pytest.mark.parametrize("one", cases(), ids=lambda one: one.name)
def test_damaged_messages_do_no_harm(one: Case) -> None:
    dice = random.Random(one.name)
    others = [case.data for case in cases()]
    mutants = [mutant(one.data, others, dice) for _ in range(MUTANTS)]
    slowest = sorted(mutants, key=lambda data: cpu_seconds(partial(exercise, data)))[-3:]
    for data in slowest:
        assert_costs_at_most(
            partial(exercise, data), (DEAREST, partial(exercise, max(others, key=len)))
        )


BEFORE = (
    b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/WSS c;branch=z9hG4bKd\r\n"
    b"From: <sip:e@f>;tag=g\r\nTo: <sip:a@b>\r\nCall-ID: h\r\nCSeq: 1 INVITE\r\n"
)


def start_line(piece: bytes) -> Callable[[int], bytes]:
    """A message whose Request-URI is `piece` again and again."""
    return lambda size: b"INVITE sip:" + piece * (size // len(piece)) + BEFORE[15:] + b"\r\n"


def one_line(name: bytes, piece: bytes, first: bytes = b"") -> Callable[[int], bytes]:
    """A message with a header that is `first`, and then `piece` again and again."""
    line = name + b": " + first
    return lambda size: BEFORE + line + piece * (size // len(piece)) + b"\r\n\r\n"


def lines(piece: bytes) -> Callable[[int], bytes]:
    """A message whose header section holds `piece` again and again."""
    return lambda size: BEFORE + piece * (size // len(piece)) + b"\r\n"


NAMES = [b"Via", b"From", b"Contact", b"Route", b"CSeq", b"Retry-After", b"Warning", b"Reason"]
PIECES = [b" ", b"\t", b",", b";", b'"', b"\\", b'\\"', b"<", b">", b"(", b")", b"()", b"@", b"%"]
PIECES += [b"%41", b":", b"a,", b"a:b,", b"<a:b>,", b'"a" <a:b>,', b";a", b";a=b", b';a="b"', b"9"]
PIECES += [b"; a = b ", b"\r\n ", b"\r", b"\n", b"SIP/2.0/U a,", b"a ", b"=", b"\xff", b'a="b", ']
HOSTILE: dict[str, Callable[[int], bytes]] = {
    **{f"{name!r} {piece!r}": one_line(name, piece) for name in NAMES for piece in PIECES},
    **{f"URI of {piece!r}": start_line(piece) for piece in PIECES},
    **{f"URI in Contact {p!r}": one_line(b"Contact", p, b"<sip:a@b") for p in PIECES},
    **{f"user in Contact {p!r}": one_line(b"Contact", p, b"<sip:") for p in PIECES},
    **{f"name in Contact {p!r}": one_line(b"Contact", p, b'"') for p in PIECES},
    **{f"comment {p!r}": one_line(b"Retry-After", p, b"1 (") for p in PIECES},
    **{f"lines of {line!r}": lines(line) for line in (b"a:\r\n", b"v:\r\n", b"x\r\n", b"l:1\r\n")},
    **{f"lines of {line!r}": lines(line) for line in (b"m:a\r\n", b"Via: SIP/2.0/U a\r\n")},
    **{f"folds of {fold!r}": lines(fold) for fold in (b"\r\n ", b"a\r\n\t", b"l:\r\n ")},
    **{
        f"LF and {piece!r}": lambda size, piece=piece: (  # type: ignore[misc]
            BEFORE.replace(b"\r\n", b"\n") + piece * (size // len(piece))
        )
        for piece in (b"\n", b"a:b\n", b"\r", b"\n\r", b"a\n b\n", b"v:\n", b"l:1\n", b"x")
    },
    **{f"names in Contact {p!r}": one_line(b"Contact", p, b"a, ") for p in PIECES},
    "blanks before a colon": lambda size: BEFORE + b"l" + b" " * size + b"\r\n\r\n",
    "a long method": lambda size: b"A" * size + b" sip:a SIP/2.0\r\n\r\n",
    "a long status line": lambda size: b"SIP/2.0 200 " + b" " * size + b"\r\n\r\n",
    "blanks in the start line": lambda size: b"A " + b" " * size + b"\r\n\r\n",
    "words in the start line": lambda size: b"A " * (size // 2) + b"\r\n\r\n",
    "a long version": lambda size: b"SIP/2." + b"0" * size + b" 200 OK\r\n\r\n",
    "line ends": lambda size: b"\r\n" * (size // 2),
    "a long length": lambda size: BEFORE + b"l: " + b"9" * size + b"\r\n\r\n",
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_message_is_slow(shape: str) -> None:
    assert LARGEST // 2 < len(HOSTILE[shape](LARGEST - 1000)) <= LARGEST
    assert_grows_linearly(lambda size: partial(exercise, HOSTILE[shape](size)), LARGEST - 1000)
