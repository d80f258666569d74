"""How the media path begins, and goes on from one description to the next (RFC 8842 §3 to §6)."""

from collections.abc import Collection
from dataclasses import dataclass

from sipcli.sdp.audio import AudioMedia
from sipcli.sdp.dtls import Setup, is_strong, role_left
from sipcli.sdp.transport import DtlsRole, Fingerprint, RemoteTransport
from sipcli.sdp.validation import MISCELLANEOUS, WEAK, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What ICE and DTLS need to know."""

    remote: RemoteTransport
    controlling: bool
    """Whether ours is the controlling ICE agent (RFC 8445 §6.1.1)."""
    dtls_role: DtlsRole
    """Ours."""
    fingerprints: tuple[Fingerprint, ...]
    """The far end's certificate must match one of these; all are of strong kinds."""
    ice_restarted: bool
    """Whether the far end has other ICE credentials than before: checks start anew."""
    new_association: bool
    """Whether a DTLS handshake is due: the first, or for another certificate or role.

    Where none is due, DTLS and SRTP go on, after an ICE restart too.
    """


def leads_to(audio: AudioMedia, path: Path, certificate: Collection[Fingerprint] = ()) -> bool:
    """Whether a description names the very far end that `path` leads to.

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
    """The path that a description makes of the one `before` it, None for the first.

    The description has passed `refusal`; `offering` says that it answers an offer of ours.
    `certificate` is what the far end has shown, by all hashes; empty before the handshake.

    A new DTLS association needs an ICE restart, to keep its packets apart from those of the old
    one (RFC 8842 §6). So another certificate without one is refused, and another role without one
    is not believed: some peers answer `active` by habit.
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
        if not strong:  # it was known by a certificate that is not the present one's
            return WEAK
        if audio.setup is Setup.HOLDCONN:
            return Refused(MISCELLANEOUS, "the DTLS connection is put off (setup:holdconn)")
        role = role_left(audio.setup)
    elif restarted:
        role = role_left(audio.setup, continued.dtls_role)
    else:
        role = continued.dtls_role
    return Path(
        remote=remote,
        # Roles outlast ICE restarts, but a lite agent never controls a full one (RFC 8445 §9).
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
    """Whether a description names the certificate that the one before it named (RFC 8122 §5).

    It may do so by other hashes, which only the certificate itself can prove.
    """
    known = {*before, *(() if set(before).isdisjoint(certificate) else certificate)}
    return not known.isdisjoint(named)
