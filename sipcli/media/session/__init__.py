"""One call's media: offer and answer, the way, and the sound in both directions."""
