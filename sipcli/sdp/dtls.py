"""The DTLS lines: certificate fingerprints and the `setup` role (RFC 8122 §5, RFC 4145 §4)."""

import re
from enum import StrEnum
from typing import Final

from sipcli.sdp.transport import DtlsRole, Fingerprint

_STRONG: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hash functions that are still secure, with their length in bytes."""
_VALUE: Final = re.compile(r"[0-9A-F]{2}(?>(?::[0-9A-F]{2})*)")


class Setup(StrEnum):
    """The `setup` attribute: which side opens the connection (RFC 4145 §4)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    HOLDCONN = "holdconn"


_SETUPS: Final = {setup.value: setup for setup in Setup}


def read_setup(value: str | None) -> Setup | None:
    """Parse the value of a `setup` attribute; None if it is missing or invalid."""
    return None if value is None else _SETUPS.get(value.lower())


def role_left(setup: Setup | None, otherwise: DtlsRole = DtlsRole.CLIENT) -> DtlsRole:
    """Return the role that the far end's `setup` leaves to us; `otherwise` if it leaves the choice.

    A missing line leaves the choice, too. By RFC 4145 §4 an offer without it means `active`, but
    peers that omit it imitate browsers, and a ClientHello sent too early is repeated, while one
    that both sides wait for never comes. `actpass` in an answer, an error, also leaves the choice.
    """
    if setup is Setup.ACTIVE:
        return DtlsRole.SERVER
    return DtlsRole.CLIENT if setup is Setup.PASSIVE else otherwise


def setup_answered(offered: Setup | None, role: DtlsRole) -> Setup:
    """Return the `setup` of our answer for `role`, consistent with the offer (RFC 4145 §4.1).

    In a later offer some peers name a role that is not theirs, though the association continues.
    """
    if offered is Setup.HOLDCONN:
        return Setup.HOLDCONN
    if offered in (Setup.ACTIVE, Setup.PASSIVE):
        role = role_left(offered)
    return Setup.ACTIVE if role is DtlsRole.CLIENT else Setup.PASSIVE


def read_fingerprint(value: str) -> Fingerprint | None:
    """Parse the value of a `fingerprint` attribute, also by a weak hash; None if it is invalid."""
    words = value.split()
    if len(words) != 2 or _VALUE.fullmatch(words[1].upper()) is None:
        return None
    return Fingerprint(words[0].lower(), words[1].upper())


def is_strong(fingerprint: Fingerprint) -> bool:
    """Return True if a match proves the certificate: not SHA-1, not MD5, not truncated."""
    return _STRONG.get(fingerprint.hash_function) == fingerprint.value.count(":") + 1
