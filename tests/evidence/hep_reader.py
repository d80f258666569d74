"""Reads HEP3 as the specification says, whatever the order of the chunks."""

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Hep:
    """The chunks of a message, by their type."""

    chunks: dict[int, bytes]

    def number(self, kind: int) -> int:
        return int.from_bytes(self.chunks[kind], "big")

    @property
    def payload(self) -> bytes:
        return self.chunks[15]

    @property
    def call_id(self) -> str:
        return self.chunks[17].decode()

    @property
    def ends(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Source and destination."""
        source, destination = (3, 4) if self.number(1) == 2 else (5, 6)
        return (
            (str(ip_address(self.chunks[source])), self.number(7)),
            (str(ip_address(self.chunks[destination])), self.number(8)),
        )


def read_hep(data: bytes) -> Hep:
    """Read one message, which has to be all of `data`."""
    assert data[:4] == b"HEP3"
    assert int.from_bytes(data[4:6], "big") == len(data)
    chunks = dict[int, bytes]()
    at = 6
    while at < len(data):
        vendor, kind, length = (
            int.from_bytes(data[i : i + 2], "big") for i in (at, at + 2, at + 4)
        )
        assert vendor == 0
        assert length >= 6
        assert kind not in chunks
        chunks[kind] = data[at + 6 : at + length]
        at += length
    assert at == len(data)
    return Hep(chunks)


def read_stream(data: bytes) -> list[Hep]:
    """Read the whole messages of a TCP stream."""
    found = []
    while len(data) >= 6 and len(data) >= (length := int.from_bytes(data[4:6], "big")):
        found.append(read_hep(data[:length]))
        data = data[length:]
    return found
