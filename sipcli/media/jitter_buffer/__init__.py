"""The jitter buffer: packets arrive at irregular times, sound is read in regular frames."""
