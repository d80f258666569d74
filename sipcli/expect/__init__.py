"""What a user expects of a call, and whether it was so: judged on what was received and sent."""
