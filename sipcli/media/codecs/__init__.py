"""The audio codecs: encode and decode at the internal rate of 48 kHz."""
