"""Records what one transport does: its packets, and its steps, which are in the debug log, too."""

import logging
from itertools import count
from typing import Final

from sipcli.errors import Phase
from sipcli.journal.entries import IceEntry, IpPort
from sipcli.journal.journal import CallJournal
from sipcli.media.webrtc.dtls import Dtls, DtlsCertificate
from sipcli.media.webrtc.errors import DtlsFailed
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_outcome import (
    candidate_pairs,
    explain_failure,
    local_candidates,
    remote_candidates,
)
from sipcli.sdp.transport import Candidate, DtlsRole, RemoteTransport

_LOGGER: Final = logging.getLogger(__name__)
_NUMBERS: Final = count(1)
"""Numbers the transports in a log with several calls."""


class TransportJournal:
    """The journal and the log of one transport."""

    def __init__(self, journal: CallJournal) -> None:
        self.name = f"media {next(_NUMBERS)}"
        """Its name in logs."""
        self.call_journal = journal
        """For the steps of gathering."""

    def log(self, text: str, *args: object) -> None:
        """Write a line to the debug log."""
        _LOGGER.debug(f"{self.name}: {text}", *args)

    # Packets

    def sent(self, agent: IceAgent, packet: bytes, now: float, *, is_rtcp: bool) -> None:
        """Record a packet that `agent` has sent; `now` is the loop's time."""
        addresses = agent.addresses
        if addresses is not None:
            self.call_journal.packet("sent", *addresses, packet, now, is_rtcp=is_rtcp)

    def received(
        self,
        local: IpPort,
        remote: IpPort,
        packet: bytes,
        now: float,
        *,
        is_rtcp: bool,
        remark: str | None,
    ) -> None:
        """Record a packet and what became of it; `now` is when it arrived, by the loop's time."""
        self.call_journal.packet(
            "received", local, remote, packet, now, is_rtcp=is_rtcp, remark=remark
        )

    # Steps

    def gathered(self, candidates: tuple[Candidate, ...]) -> None:
        """Our candidates are known."""
        self.log("ICE: gathered %s", ", ".join(map(str, candidates)) or "nothing")

    def checks_begin(self, remote: RemoteTransport, *, controlling: bool, restart: bool) -> None:
        """The checks begin, for the first time with this far end, or for an ICE restart."""
        theirs = ", ".join(map(str, remote.candidates)) or "what will come"
        self.log("ICE: checks begin, controlling=%s, to %s", controlling, theirs)
        what = "restart" if restart else "connectivity checks"
        self.call_journal.step(
            Phase.ICE,
            "begun",
            f"{what}, to {theirs}",
            (("ICE role", "controlling" if controlling else "controlled"),),
        )

    def ice_connected(self, agent: IceAgent) -> None:
        """A pair was chosen: the checks have succeeded."""
        self._candidates(agent)
        if agent.selected is None:
            return
        local, remote = agent.selected
        self.call_journal.step(
            Phase.ICE,
            "done",
            f"{local} to {remote}",
            (("local candidate", str(local)), ("remote candidate", str(remote))),
        )

    def ice_failed(self, agent: IceAgent) -> str:
        """The checks have failed; returns why."""
        reason = explain_failure(agent)
        self.log("ICE failed: %s", reason)
        self._candidates(agent)
        self.call_journal.step(Phase.ICE, "failed", reason)
        return reason

    def _candidates(self, agent: IceAgent) -> None:
        journal = self.call_journal.journal
        if journal.wants(IceEntry):
            journal.record(
                IceEntry(
                    at=journal.now(),
                    call=self.call_journal.call,
                    local=local_candidates(agent),
                    remote=remote_candidates(agent),
                    pairs=candidate_pairs(agent),
                )
            )

    def handshake_begins(self, role: DtlsRole) -> None:
        """The DTLS handshake begins, in this role of ours."""
        self.log("DTLS: handshake as %s", role)
        self.call_journal.step(Phase.DTLS, "begun", f"handshake as {role}", (("DTLS role", role),))

    def handshake_failed(self, failure: DtlsFailed) -> None:
        """There are no keys."""
        self.log("DTLS failed: %s", failure)
        self.call_journal.step(Phase.DTLS, "failed", failure.text)

    def keys_derived(self, dtls: Dtls, own: DtlsCertificate) -> None:
        """The handshake is done, and media can flow."""
        version, cipher, profile = dtls.protection
        self.log("DTLS: %s, %s, %s", version, cipher, profile)
        self.call_journal.step(
            Phase.DTLS,
            "done",
            f"{version}, {cipher}, {profile}",
            (
                ("version", version),
                ("cipher", cipher),
                ("SRTP profile", profile),
                ("our fingerprint", str(own.fingerprint)),
                ("their fingerprint", str(dtls.peer_fingerprint)),
                *dtls.certificate_facts,
            ),
        )
