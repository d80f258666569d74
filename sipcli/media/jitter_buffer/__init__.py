"""From packets that come when they like to a frame of sound whenever one is asked for."""
