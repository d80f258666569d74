"""Check each step of a call on its own, and suggest a fix for each that fails."""
