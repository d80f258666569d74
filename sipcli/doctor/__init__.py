"""Each step of a call looked at by itself, and what to do about the first that fails."""
