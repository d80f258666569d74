"""RTP and RTCP as bytes and as bookkeeping (RFC 3550): no sockets, no clock, no randomness."""
