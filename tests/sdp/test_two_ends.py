"""Two dialogs of ours against each other: whatever they do, both come to the same call."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.sdp.description import Direction
from sipcli.sdp.formats import CODECS, FormatKey, Preferences, read_formats
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation, NegotiationState
from sipcli.sdp.read import read
from sipcli.sdp.transport import LocalTransport
from sipcli.sdp.validation import Refused
from tests.sdp.ends import DIGEST, OTHER_DIGEST, local, offered

PREFERENCES = st.builds(
    Preferences,
    codecs=st.permutations(list(CODECS)).flatmap(
        lambda names: st.integers(1, len(names)).map(lambda n: tuple(names[:n]))
    ),
    own_order=st.booleans(),
    comfort_noise=st.booleans(),
    red=st.booleans(),
)


@dataclass(frozen=True)
class Step:
    """One exchange, as it is tried."""

    offerer: int
    """0 or 1."""
    wanted: tuple[Direction, Direction]
    """By the offerer, by the answerer."""
    restart: bool
    end: str
    """`answer`, `early` (a provisional answer first) or `withdraw`."""


STEPS = st.lists(
    st.builds(
        Step,
        offerer=st.integers(0, 1),
        wanted=st.tuples(st.sampled_from(Direction), st.sampled_from(Direction)),
        restart=st.booleans(),
        end=st.sampled_from(["answer", "early", "withdraw"]),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class End:
    """One side, with a memory of all it sent."""

    name: str
    preferences: Preferences
    digest: str
    negotiation: Negotiation = field(init=False)
    transport: LocalTransport = field(init=False)
    restarts: "count[int]" = field(default_factory=count)
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.negotiation = Negotiation(len(self.name), self.preferences)
        self.restart()

    def restart(self) -> None:
        self.transport = local(f"{self.name}{next(self.restarts)}", digest=self.digest)

    def offer(self, direction: Direction) -> str:
        self.sent.append(self.negotiation.create_offer(self.transport, direction))
        return self.sent[-1]

    def answer(self, direction: Direction) -> tuple[str, NegotiatedMedia]:
        text, agreed = self.negotiation.create_answer(self.transport, direction)
        self.sent.append(text)
        return text, agreed


def exchange(
    step: Step, offerer: End, answerer: End
) -> tuple[NegotiatedMedia, NegotiatedMedia] | None:
    """What both sides come to; None if the exchange fails."""
    if step.restart:
        offerer.restart()
    text = offerer.offer(step.wanted[0])
    if not set(offerer.preferences.codecs) & set(answerer.preferences.codecs):
        refused = answerer.negotiation.receive_offer(text)
        assert isinstance(refused, Refused)
        assert refused.warning_code == 305
        offerer.negotiation.rollback()
        return None
    offer = offered(answerer.negotiation, text)
    if step.end == "withdraw":
        answerer.negotiation.rollback()
        offerer.negotiation.rollback()
        return None
    if offer.transport.ice_restarted:
        answerer.restart()
    answer, theirs = answerer.answer(step.wanted[1])
    assert offer.codec == theirs.codec
    assert theirs.direction is offer.direction.within(step.wanted[1])
    if step.end == "early":
        early = offerer.negotiation.receive_answer(answer, provisional=True)
        assert early == offerer.negotiation.agreed
    ours = offerer.negotiation.receive_answer(answer)
    assert isinstance(ours, NegotiatedMedia)
    return ours, theirs


def understands(sender: NegotiatedMedia, receiver: NegotiatedMedia) -> bool:
    known = {each.payload_type: each.key for each in receiver.receives}
    return all(known[each.payload_type] == each.key for each in sender.sends)


def check_mirror(one: NegotiatedMedia, other: NegotiatedMedia) -> None:
    assert one.direction is other.direction.reversed
    assert one.codec.key == other.codec.key
    assert understands(one, other)
    assert understands(other, one)
    assert [each.key for each in one.sends] == [each.key for each in other.sends]
    assert one.transport.dtls_role is other.transport.dtls_role.opposite
    assert one.transport.controlling is not other.transport.controlling


def check_history(texts: list[str]) -> None:
    """Everything one side ever sent, in order."""
    meanings: dict[str, set[FormatKey]] = defaultdict(set)
    names: set[tuple[str, str]] = set()
    for text in texts:
        description = read(text)
        assert description.origin is not None
        names.add((description.origin.username, description.origin.session_id))
        for each in read_formats(description.media[0]):
            meanings[str(each.payload_type)].add(each.key)
    assert len(names) <= 1
    assert all(len(each) == 1 for each in meanings.values()), meanings
    for before, after in pairwise(texts):
        rise = version(after) - version(before)
        assert rise == (0 if before == after else 1)


def version(text: str) -> int:
    origin = read(text).origin
    assert origin is not None
    return int(origin.version)


@settings(max_examples=150)
@given(PREFERENCES, PREFERENCES, STEPS)
def test_both_sides_always_come_to_the_same_call(
    one: Preferences, other: Preferences, steps: list[Step]
) -> None:
    ends = End("one", one, DIGEST), End("other", other, OTHER_DIGEST)
    agreed = None
    for step in steps:
        offerer, answerer = ends[step.offerer], ends[1 - step.offerer]
        outcome = exchange(step, offerer, answerer)
        if outcome is not None:
            check_mirror(*outcome)
            first = agreed is None
            # A provisional answer opens the path: for the final one nothing is new.
            assert outcome[1].transport.new_association is first
            assert outcome[0].transport.new_association is (first and step.end != "early")
            agreed = outcome if step.offerer == 0 else outcome[::-1]
            assert agreed[0].transport.remote.ufrag == ends[1].transport.ufrag
        in_force = tuple(end.negotiation.agreed for end in ends)
        assert in_force == (agreed or (None, None))
        assert all(end.negotiation.state is NegotiationState.STABLE for end in ends)
    for end in ends:
        check_history(end.sent)
