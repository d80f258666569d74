"""The journal: what a phone records of itself while somebody listens."""
