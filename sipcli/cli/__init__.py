"""Words on a screen: the only importer of click and rich."""
