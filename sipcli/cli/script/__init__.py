"""Scripts on stdin, and the commands that they share with the keys."""
