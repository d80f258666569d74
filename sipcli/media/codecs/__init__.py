"""The audio codecs: payloads to sound and back, at the phone's 48 kHz."""
