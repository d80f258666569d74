"""What a user agent decides: state machines without sockets, clocks or randomness."""
