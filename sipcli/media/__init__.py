"""The sound of a call: ICE, DTLS and SRTP, RTP, codecs, playout, devices and files."""
