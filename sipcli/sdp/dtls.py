"""The lines of DTLS: certificate fingerprints and who opens (RFC 8122 §5, RFC 4145 §4)."""

import re
from enum import StrEnum
from typing import Final

from sipcli.sdp.transport import DtlsRole, Fingerprint

_STRONG: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hash functions that prove something today, with their length in bytes."""
_VALUE: Final = re.compile(r"[0-9A-F]{2}(?>(?::[0-9A-F]{2})*)")


class Setup(StrEnum):
    """What a side says about opening the connection (RFC 4145 §4)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    HOLDCONN = "holdconn"


_SETUPS: Final = {setup.value: setup for setup in Setup}


def read_setup(value: str | None) -> Setup | None:
    """Read the value of a `setup` attribute; None where there is none that means something."""
    return None if value is None else _SETUPS.get(value.lower())


def role_left(setup: Setup | None, otherwise: DtlsRole = DtlsRole.CLIENT) -> DtlsRole:
    """The role that the far end's `setup` leaves to us; `otherwise` where it leaves the choice.

    A line that is missing leaves the choice as well: RFC 4145 §4 would have an offer without it
    mean `active`, but such peers take browsers for their model, and a ClientHello sent too soon
    is repeated while one that both wait for never comes. So does `actpass` in an answer, which
    is an error.
    """
    if setup is Setup.ACTIVE:
        return DtlsRole.SERVER
    return DtlsRole.CLIENT if setup is Setup.PASSIVE else otherwise


def setup_answered(offered: Setup | None, role: DtlsRole) -> Setup:
    """What our answer says where `role` is ours: it must fit the offer (RFC 4145 §4.1).

    In a later offer some ends name a role that is not theirs, though the association goes on.
    """
    if offered is Setup.HOLDCONN:
        return Setup.HOLDCONN
    if offered in (Setup.ACTIVE, Setup.PASSIVE):
        role = role_left(offered)
    return Setup.ACTIVE if role is DtlsRole.CLIENT else Setup.PASSIVE


def read_fingerprint(value: str) -> Fingerprint | None:
    """Read the value of a `fingerprint` attribute, weak ones too; None if it is none."""
    words = value.split()
    if len(words) != 2 or _VALUE.fullmatch(words[1].upper()) is None:
        return None
    return Fingerprint(words[0].lower(), words[1].upper())


def is_strong(fingerprint: Fingerprint) -> bool:
    """Whether a match proves that it is that certificate: neither SHA-1 nor MD5 nor cut short."""
    return _STRONG.get(fingerprint.hash_function) == fingerprint.value.count(":") + 1
