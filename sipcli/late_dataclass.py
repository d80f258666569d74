"""`dataclass` as in the standard library, but its methods are made when they are first used.

The library compiles six methods for each frozen class, half a millisecond in all. sipcli has
hundreds of such classes, most of which a command only imports: that was a fifth of its start.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(cls=None, /, **options):
        """Make a dataclass of `cls`; takes those of the library's options that sipcli uses."""
        return _made(cls) if cls is not None else lambda cls: _made(cls, **options)

    def _made(cls, *, frozen=False, slots=False, kw_only=False, init=True, repr=True, eq=True):
        own = {name for name, value in vars(cls).items() if value is not None}
        library = dataclasses.dataclass(
            init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )
        cls = library(cls)
        wanted = {"__init__": init, "__repr__": repr, "__eq__": eq, "__hash__": eq and frozen}
        for name, is_wanted in wanted.items():
            if is_wanted and name not in own:
                setattr(cls, name, _Late(cls, name, is_frozen=frozen))
        if eq and not frozen and "__hash__" not in own:
            cls.__hash__ = None
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
            cls.__getstate__, cls.__setstate__ = _state, _set_state
        return cls

    class _Late:
        """Stands in a class for a method that nobody has looked up yet."""

        def __init__(self, cls, name, *, is_frozen):
            self._cls = cls
            self._name = name
            self._is_frozen = is_frozen

        def __get__(self, instance, owner=None):
            method = self._method()
            setattr(self._cls, self._name, method)  # from now on it is found without us
            return method if instance is None else method.__get__(instance, owner)

        def _method(self):
            """Have the library make the method, for another class with the same fields."""
            cls, name = self._cls, self._name
            more = getattr(cls, "__post_init__", None)
            twin = dataclasses.make_dataclass(
                cls.__name__,
                [(field.name, field.type, _copy(field)) for field in dataclasses.fields(cls)],
                namespace={} if more is None else {"__post_init__": more},
                init=name == "__init__",
                repr=name == "__repr__",
                eq=name in ("__eq__", "__hash__"),
                frozen=self._is_frozen,
            )
            method = vars(twin)[name]
            method.__qualname__ = f"{cls.__qualname__}.{name}"
            return method

    def _copy(field):
        return dataclasses.field(
            default=field.default,
            default_factory=field.default_factory,
            init=field.init,
            repr=field.repr,
            hash=field.hash,
            compare=field.compare,
            kw_only=field.kw_only,
        )

    def _refuse_to_set(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_to_delete(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _state(self):
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def _set_state(self, state):
        for field, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)
