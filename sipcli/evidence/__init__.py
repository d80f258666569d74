"""Evidence of calls, from the journal: captures, ladders, reports, HEP."""
