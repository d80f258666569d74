"""Dataclasses whose methods are made late: the same as the library's, down to their errors."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from sipcli import late_dataclass

Decorator = Callable[..., Any]
LIBRARY: Decorator = dataclasses.dataclass
OURS: Decorator = late_dataclass.dataclass


def point(decorator: Decorator, **options: bool) -> Any:
    class Point:
        """A class with all kinds of fields."""

        x: int
        y: int = dataclasses.field(default=2, compare=False)
        names: list[str] = dataclasses.field(default_factory=list, hash=False)
        secret: str = dataclasses.field(default="pw", repr=False)
        total: int = dataclasses.field(default=0, init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "total", self.x + self.y)

    Point.__qualname__ = "Point"
    return decorator(**options)(Point)


OPTIONS: list[dict[str, bool]] = [
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "repr": False},
]
ACTS: dict[str, Callable[[Any], object]] = {
    "make": lambda cls: dataclasses.asdict(cls(x=1, secret="s")),
    "repr": lambda cls: repr(cls(x=1, secret="s")).partition(" object at ")[0],
    "equal": lambda cls: (cls(x=1) == cls(x=1, y=5), cls(x=1) == cls(x=2), cls(x=1) == 1),
    "hash": lambda cls: hash(cls(x=1)) == hash(cls(x=1)),
    "too many": lambda cls: cls(1, 2, [], "s", 5, 6),
    "missing": lambda cls: cls(),
    "positional": lambda cls: cls(1, 2).y,
    "set": lambda cls: setattr(cls(x=1), "x", 3),
    "delete": lambda cls: delattr(cls(x=1), "x"),
    "unknown": lambda cls: cls(x=1).nothing,
    "replace": lambda cls: dataclasses.replace(cls(x=1), x=4).total,
    "fields": lambda cls: [(f.name, f.default, f.kw_only) for f in dataclasses.fields(cls)],
    "copy": lambda cls: copy.copy(cls(x=1)).total,
    "deep copy": lambda cls: copy.deepcopy(cls(x=1, names=["a"])).names,
    "signature": lambda cls: str(inspect.signature(cls)),
    "match": lambda cls: cls.__match_args__,
    "slots": lambda cls: hasattr(cls(x=1), "__dict__"),
}


def outcome(act: Callable[[Any], object], cls: Any) -> object:
    try:
        return act(cls)
    except (TypeError, AttributeError) as error:
        return type(error), str(error).replace("test_late_dataclass.", "")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_does_what_the_library_does(options: dict[str, bool], act: str) -> None:
    ours, theirs = point(OURS, **options), point(LIBRARY, **options)
    assert outcome(ACTS[act], ours) == outcome(ACTS[act], theirs)
    assert outcome(ACTS[act], ours) == outcome(ACTS[act], theirs), "the second time, too"


def test_a_method_of_its_own_stays() -> None:
    @late_dataclass.dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

    assert repr(Named("a")) == "mine"
    assert Named("a") == Named("b")
    assert hash(Named("a")) == hash(Named("a"))


def test_a_subclass_has_the_fields_of_both() -> None:
    @late_dataclass.dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        a: int = 1

    @late_dataclass.dataclass(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        b: int

    assert (Derived(b=2).a, Derived(b=2).b) == (1, 2)
    assert Base() != Derived(b=2)


@late_dataclass.dataclass(frozen=True, slots=True)
class Kept:
    """Pickle finds it by its name."""

    a: int


def test_it_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(3))) == Kept(3)


def test_nothing_is_compiled_before_it_is_used() -> None:
    cls = point(OURS, frozen=True, slots=True)
    assert not inspect.isfunction(vars(cls)["__init__"])
    cls(x=1)
    assert inspect.isfunction(vars(cls)["__init__"])
    assert not inspect.isfunction(vars(cls)["__repr__"])
