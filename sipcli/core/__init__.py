"""The pure user agent: SIP state machines without sockets, clocks or randomness."""
