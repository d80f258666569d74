"""The way of the media between the two ends: ICE, DTLS, SRTP (RFC 8445, 6347, 5764)."""
