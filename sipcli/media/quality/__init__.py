"""What sound is like: its level, its tones, and the score of a call (MOS)."""
