"""The media of a call: ICE, DTLS and SRTP, RTP, codecs, jitter buffer, devices and files."""
