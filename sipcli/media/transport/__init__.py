"""The transport of the media between both ends: ICE, DTLS, SRTP (RFC 8445, 6347, 5764)."""
