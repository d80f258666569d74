"""What signalling costs without sockets and media: a call, a refusal, a REGISTER, a step.

Two phones talk through the sandbox's proxy once, and what each of the three was given is recorded.
Then each is given that alone, again and again: the figure is one machine's own, with the same input
each time. It is the least of some rounds, since whatever else the computer does only adds.

`--instructions` counts the instructions by valgrind instead: that takes minutes, and repeats to a
few per mille. `--profile CASE` says where one case spends its time.
"""

import argparse
import cProfile
import gc
import pickle
import pstats
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias
from uuid import UUID

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.agent import UserAgent
from sipcli.core.agent_actions import Open, Transmit
from sipcli.core.calls.events import Answered, CallEvent, Incoming
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.credentials import Credentials
from sipcli.sandbox.names import address_of
from sipcli.sandbox.proxy import Proxy

ROUNDS: Final = 7
DEEDS: Final = 100
"""Calls or registrations in a round."""
BEFORE: Final = 10
"""Calls or registrations before the measured ones, which fill the caches."""
ENDED: Final = 900
"""Calls that have ended lately: their INVITE transactions live for 32 s."""
GOAL: Final = 1.1
"""Of a step with those over a step without."""

SERVER: Final = WsServer("ws://127.0.0.1:5062")
PASSWORDS: Final = {"alice": "open", "bob": "sesame"}
"""Alice calls, bob is called."""
MACHINES: Final = (*PASSWORDS, "proxy")
SDP: Final = b"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 51372 UDP/TLS/RTP/SAVPF 111 101
c=IN IP4 127.0.0.1
a=candidate:1 1 udp 2122260223 127.0.0.1 51372 typ host
a=ice-ufrag:Rk3v
a=ice-pwd:cN8vQ2mTz5wLxYb0HdUe4RaS
a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:11:22:33:44:55:66
a=setup:actpass
a=mid:0
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:101 telephone-event/8000
""".replace(b"\n", b"\r\n")
ANSWER: Final = SDP.replace(b"actpass", b"active")

Given: TypeAlias = tuple[str, tuple[object, ...]]
"""What a machine was given: the name of its method, and the arguments."""


class Phone:
    """The core of a phone; its identifiers are numbers, so that two of them say the same."""

    def __init__(self, user: str) -> None:
        numbers = count(1)
        settings = Settings(
            uri=address_of(user),
            instance_id=UUID(int=7),
            ws_servers=(SERVER,),
            register_expires=100,
            max_calls=10_000,
        )
        self._agent = UserAgent(
            settings,
            Credentials(user, PASSWORDS[user]),
            lambda: f"{user}{next(numbers):026}",
            lambda: 0.5,
            retry_forever=True,
            takes_calls=True,
        )
        self._agent.debug_log.is_read = False
        self._flow: Flow
        self.sent: list[bytes] = []
        self.events: list[CallEvent] = []

    def start(self, now: float) -> None:
        """Connect and register."""
        self._agent.start(now)
        (opening,) = (one for one in self._agent.take_actions() if isinstance(one, Open))
        self._flow = opening.flow
        self._agent.opened(self._flow, 0.01, now)
        self._done()

    def receive(self, data: bytes, now: float) -> None:
        """Take one message."""
        self._agent.received(self._flow, data, now)
        self._done()

    def tick(self, now: float) -> None:
        """Let the timers that are due fire."""
        self._agent.tick(now)
        self._done()

    def invite(self, user: str, now: float) -> None:
        """Call somebody."""
        self._agent.calls.invite(address_of(user), SDP, now)
        self._done()

    def accept(self, call: str, now: float) -> None:
        """Answer a call."""
        self._agent.calls.accept(call, ANSWER, now)
        self._done()

    def refuse(self, call: str, now: float) -> None:
        """Refuse a call."""
        self._agent.calls.reject(call, 486, now)
        self._done()

    def hang_up(self, call: str, now: float) -> None:
        """End a call."""
        self._agent.calls.hang_up(call, now)
        self._done()

    def deadline(self) -> float:
        """When it wants a tick."""
        return self._agent.deadline() or 0.0

    def _done(self) -> None:
        """What the owner of a core does after each step, as far as it costs the core anything."""
        actions = self._agent.take_actions()
        self.sent = [action.data for action in actions if isinstance(action, Transmit)]
        self._agent.take_events()
        self.events = self._agent.take_call_events()
        self._agent.deadline()


class Server:
    """The sandbox's proxy, with a connection to each phone."""

    def __init__(self) -> None:
        numbers = count(1)
        self._proxy = Proxy(PASSWORDS, lambda: f"id{next(numbers):026}", b"k" * 32)
        self._flows = {user: Flow(number, SERVER) for number, user in enumerate(PASSWORDS, 1)}
        self.sent: list[tuple[Flow, bytes]] = []
        for flow in self._flows.values():
            self._proxy.opened(flow)

    def receive(self, user: str, data: bytes, now: float) -> None:
        """Take one message of a phone."""
        self._proxy.received(self._flows[user], data, now)
        self._done()

    def tick(self, now: float) -> None:
        """Let the timers that are due fire."""
        self._proxy.tick(now)
        self._done()

    def _done(self) -> None:
        self.sent = self._proxy.take_outgoing()
        self._proxy.deadline()


class Conversation:
    """Two phones and the proxy between them; `given` is what each of the three was given."""

    def __init__(self, spacing_s: float = 0.1) -> None:
        self.now = 1000.0
        self._spacing_s = spacing_s
        self.phones = {user: Phone(user) for user in PASSWORDS}
        self.server = Server()
        self.given: dict[str, list[Given]] = {name: [] for name in MACHINES}
        self._on_the_way: deque[tuple[str, str, bytes]] = deque()
        self._refuses = False
        for user in PASSWORDS:
            self._phone(user, "start")

    def answered(self) -> None:
        """Alice calls bob, who answers; then she hangs up."""
        self._call(refused=False)

    def refused(self) -> None:
        """Alice calls bob, who is busy."""
        self._call(refused=True)

    def registered(self) -> None:
        """Alice refreshes her registration."""
        self.now = self.phones["alice"].deadline()
        self._phone("alice", "tick")

    def _call(self, *, refused: bool) -> None:
        self.now += self._spacing_s
        self._tick()
        self._refuses = refused
        self._phone("alice", "invite", "bob")

    def _tick(self) -> None:
        for user, phone in self.phones.items():
            if phone.deadline() <= self.now:
                self._phone(user, "tick")
        self._give("proxy", self.server, "tick")

    def _phone(self, user: str, verb: str, *what: object) -> None:
        self._act(user, verb, *what)
        while self._on_the_way:
            sender, receiver, data = self._on_the_way.popleft()
            if receiver == "proxy":
                self._give("proxy", self.server, "receive", sender, data)
                for flow, out in self.server.sent:
                    self._on_the_way.append(("proxy", tuple(PASSWORDS)[flow.number - 1], out))
            else:
                self._act(receiver, "receive", data)

    def _act(self, user: str, verb: str, *what: object) -> None:
        phone = self.phones[user]
        self._give(user, phone, verb, *what)
        self._on_the_way.extend((user, "proxy", data) for data in phone.sent)
        for event in phone.events:
            if isinstance(event, Incoming):
                self._act(user, "refuse" if self._refuses else "accept", event.call)
            elif isinstance(event, Answered) and user == "alice":
                self._act(user, "hang_up", event.call)

    def _give(self, name: str, machine: Phone | Server, verb: str, *what: object) -> None:
        given = verb, (*what, self.now)
        self.given[name].append(given)
        _take(machine, given)


def _take(machine: Phone | Server, given: Given) -> None:
    getattr(machine, given[0])(*given[1])


@dataclass(frozen=True)
class Case:
    """One machine's part of some deeds, after all that came before."""

    name: str
    machine: str
    before: Sequence[Given]
    measured: Sequence[Given]

    @classmethod
    def of(cls, deed: str, machine: str, ended: int = 0) -> "Case":
        """The part of `machine` in `DEEDS` deeds, after `ended` calls that have ended lately."""
        world = Conversation(spacing_s=0.01 if ended else 0.1)
        for _ in range(ended):
            world.answered()
        for _ in range(BEFORE):
            getattr(world, deed)()
        done = len(world.given[machine])
        for _ in range(DEEDS):
            getattr(world, deed)()
        given = world.given[machine]
        return cls(f"{deed} {machine}", machine, given[:done], given[done:])

    def fresh(self) -> Phone | Server:
        """Return a machine that has been through all that comes before."""
        machine = Server() if self.machine == "proxy" else Phone(self.machine)
        for given in self.before:
            _take(machine, given)
        return machine

    def run(self, machine: Phone | Server) -> None:
        """Let the machine do its part."""
        for given in self.measured:
            _take(machine, given)

    def seconds(self) -> float:
        """CPU seconds of a deed, without the garbage collector, which commands switch off."""
        machine = self.fresh()
        gc.disable()
        try:
            start = time.process_time()
            self.run(machine)
            return (time.process_time() - start) / DEEDS
        finally:
            gc.enable()


DEEDS_OF: Final = {
    "answered": ("alice", "bob", "proxy"),
    "refused": ("alice", "bob", "proxy"),
    "registered": ("alice", "proxy"),
}


def _cases() -> list[Case]:
    return [Case.of(deed, machine) for deed, machines in DEEDS_OF.items() for machine in machines]


def _instructions(case: Case, runs: int) -> int:
    """The instructions of a process that lets the case run so often."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(
        [*command, __file__, "--worker", str(runs)],
        input=pickle.dumps(case),
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
    )
    found = re.search(rb"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"valgrind says no number: {done.stderr!r}")
    return int(found[1])


def _work(runs: int) -> None:
    """Be measured: let the case on stdin run so often, each time with a new machine."""
    case: Case = pickle.load(sys.stdin.buffer)
    for machine in [case.fresh() for _ in range(2)][:runs]:
        case.run(machine)


def _profile(name: str) -> None:
    deed, machine, *ended = name.split()
    case = Case.of(deed, machine, *map(int, ended))
    profiler = cProfile.Profile()
    profiler.runcall(case.run, case.fresh())
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(45)


def _measure(cases: Sequence[Case]) -> list[float]:
    """Milliseconds of a deed in each case, the least of some rounds that take turns."""
    gc.freeze()  # what was recorded is not the machines'
    rounds = [[case.seconds() * 1000 for case in cases] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--instructions", action="store_true")
    options.add_argument("--profile", metavar="CASE")
    options.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    say = sys.stdout.write
    if chosen.worker:
        _work(chosen.worker)
    elif chosen.profile:
        _profile(chosen.profile)
    elif chosen.instructions:
        for case in _cases():
            each = (_instructions(case, 2) - _instructions(case, 1)) / DEEDS
            say(f"  {case.name:<20} {each / 1e3:8.0f} thousand instructions\n")
    else:
        cases = _cases()
        for case, ms in zip(cases, _measure(cases), strict=True):
            say(f"  {case.name:<20} {ms:7.3f} ms {1000 / ms:7,.0f}/s\n")
        for machine in MACHINES:
            pair = [Case.of("refused", machine), Case.of("refused", machine, ENDED)]
            without, after = _measure(pair)
            ratio = after / without
            verdict = "met" if ratio <= GOAL else "MISSED"
            say(f"  {machine} after {ENDED} calls: {ratio:.2f} x (goal {GOAL}: {verdict})\n")


if __name__ == "__main__":
    main()
