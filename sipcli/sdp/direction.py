"""The direction of a medium: who may send (RFC 3264 §5.1, RFC 8866 §6.7)."""

from enum import StrEnum


class Direction(StrEnum):
    """The direction of a medium as its describer sees it; the values are the attributes' names."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """Return the direction that sends and receives as given."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        """True if the describer may send."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """True if the describer wants to receive."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> "Direction":
        """The same direction as the other side sees it."""
        return Direction.of(sends=self.receives, receives=self.sends)

    def within(self, limit: "Direction") -> "Direction":
        """Return the direction that both this and `limit` allow."""
        return Direction.of(
            sends=self.sends and limit.sends, receives=self.receives and limit.receives
        )
