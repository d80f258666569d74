"""Declarations that several layers share, each made once; pure values, no behaviour."""
