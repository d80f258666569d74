"""Derive the transport of the media from one description to the next (RFC 8842 §3 to §6)."""

from collections.abc import Collection
from dataclasses import dataclass

from sipcli.sdp.audio import AudioMedia
from sipcli.sdp.dtls import Setup, is_strong, role_left
from sipcli.sdp.transport import DtlsRole, Fingerprint, RemoteTransport
from sipcli.sdp.validation import MISCELLANEOUS, WEAK, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The parameters of ICE and DTLS."""

    remote: RemoteTransport
    controlling: bool
    """True if our ICE agent is the controlling one (RFC 8445 §6.1.1)."""
    dtls_role: DtlsRole
    """Ours."""
    fingerprints: tuple[Fingerprint, ...]
    """The far end's certificate must match one of these; all use strong hashes."""
    ice_restarted: bool
    """True if the far end has new ICE credentials: checks start again."""
    new_association: bool
    """True if a DTLS handshake is due: the first, or for a new certificate or role.

    Otherwise DTLS and SRTP continue, also after an ICE restart.
    """


def leads_to(audio: AudioMedia, path: Path, certificate: Collection[Fingerprint] = ()) -> bool:
    """Return True if a description names the same far end that `path` leads to.

    `certificate` is as for `follow`.
    """
    theirs = (path.remote.ufrag, path.remote.pwd)
    return (audio.ufrag, audio.pwd) == theirs and _is_same(
        audio.fingerprints, path.fingerprints, certificate
    )


def follow(
    audio: AudioMedia,
    before: Path | None,
    *,
    offering: bool,
    certificate: Collection[Fingerprint] = (),
) -> Path | Refused:
    """Return the path after a description; `before` is the path so far, None for the first.

    The description has passed `refusal`; `offering` is True if it answers our offer.
    `certificate` is the one the far end has shown, by all hashes; empty before the handshake.

    A new DTLS association needs an ICE restart, to keep its packets apart from those of the old
    one (RFC 8842 §6). So without a restart a new certificate is refused, and a new role is
    ignored: some peers always answer `active`.
    """
    remote = RemoteTransport(
        ufrag=audio.ufrag or "", pwd=audio.pwd or "", candidates=audio.candidates, lite=audio.lite
    )
    strong = tuple(filter(is_strong, audio.fingerprints))
    restarted = before is not None and (
        (before.remote.ufrag, before.remote.pwd) != (remote.ufrag, remote.pwd)
    )
    is_same = before is not None and _is_same(audio.fingerprints, before.fingerprints, certificate)
    continued = before if is_same else None
    if continued is None:
        if before is not None and not restarted:
            return Refused(MISCELLANEOUS, "the DTLS certificate changes without an ICE restart")
        if not strong:  # the fingerprint matched an earlier certificate, not the current one
            return WEAK
        if audio.setup is Setup.HOLDCONN:
            return Refused(
                MISCELLANEOUS, "the far end postpones the DTLS connection (setup:holdconn)"
            )
        role = role_left(audio.setup)
    elif restarted:
        role = role_left(audio.setup, continued.dtls_role)
    else:
        role = continued.dtls_role
    return Path(
        remote=remote,
        # Roles survive ICE restarts, but a lite agent never controls a full one (RFC 8445 §9).
        controlling=remote.lite or (before.controlling if before else offering),
        dtls_role=role,
        fingerprints=strong or (continued.fingerprints if continued is not None else ()),
        ice_restarted=restarted,
        new_association=continued is None or role is not continued.dtls_role,
    )


def _is_same(
    named: Collection[Fingerprint],
    before: Collection[Fingerprint],
    certificate: Collection[Fingerprint],
) -> bool:
    """Return True if a description names the same certificate as the one before (RFC 8122 §5).

    It may use other hashes, which can only be checked against the certificate itself.
    """
    known = {*before, *(() if set(before).isdisjoint(certificate) else certificate)}
    return not known.isdisjoint(named)
