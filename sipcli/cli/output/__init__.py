"""Output: the screens, and the words and reports that they show."""
