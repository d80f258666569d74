"""The jitter buffer: packets arrive at irregular times, and sound is read in regular frames."""
