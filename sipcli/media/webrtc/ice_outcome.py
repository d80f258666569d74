"""What ICE has come to: why it failed, and its candidates and pairs."""

from typing import Final, Literal

from aioice import ice

from sipcli.journal.entries import IcePair
from sipcli.media.webrtc.candidates import from_aioice
from sipcli.media.webrtc.ice import IceAgent

_State = ice.CandidatePair.State
_STATES: Final[dict[_State, Literal["waiting", "in-progress", "succeeded", "failed", "frozen"]]] = {
    _State.WAITING: "waiting",
    _State.IN_PROGRESS: "in-progress",
    _State.SUCCEEDED: "succeeded",
    _State.FAILED: "failed",
    _State.FROZEN: "frozen",
}


def explain_failure(agent: IceAgent) -> str:
    """Return why `establish` failed, for the user."""
    if not agent.local_candidates:
        return "we have no ICE candidate: there is no address to send from"
    if agent.last_heard:
        return "the far end's ICE checks arrive here, but it does not answer ours"
    tried = len(agent.remote_candidates)
    if not tried:
        return "the far end offered no usable address, and sent no ICE check to ours"
    ends = "address" if tried == 1 else f"{tried} addresses"
    return (
        f"no ICE check was answered from the far end's {ends}: if a firewall drops UDP, a TURN"
        " server helps (turn_servers)"
    )


def local_candidates(agent: IceAgent) -> tuple[str, ...]:
    """Return our candidates, the best first, each as `host udp 192.0.2.1:4000`."""
    best_first = sorted(agent.local_candidates, key=lambda each: -each.priority)
    return tuple(str(from_aioice(each)) for each in best_first)


def remote_candidates(agent: IceAgent) -> tuple[str, ...]:
    """Return the far end's candidates, those that its checks came from included."""
    return tuple(str(from_aioice(each)) for each in agent.remote_candidates)


def candidate_pairs(agent: IceAgent) -> tuple[IcePair, ...]:
    """Return the check list (RFC 8445 §6.1.2), the best pair first.

    Once a pair is nominated, those that were not checked by then are no longer in it.
    """
    return tuple(
        IcePair(
            local=str(from_aioice(pair.local_candidate)),
            remote=str(from_aioice(pair.remote_candidate)),
            state=_STATES[pair.state],
            is_nominated=pair.nominated,
            is_selected=pair is agent.nominated,
        )
        for pair in agent.check_list
    )
