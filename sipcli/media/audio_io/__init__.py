"""Where the sound of a call comes from and where it goes: files, pipes, devices, generators."""
