"""The quality of sound: level, tones, and the mean opinion score (MOS)."""
