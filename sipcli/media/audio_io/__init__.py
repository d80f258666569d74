"""The audio sources and sinks of a call: files, pipes, devices, generators."""
