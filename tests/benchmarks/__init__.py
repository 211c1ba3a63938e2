"""Speed and memory, beside bare loops in the same run: `make bench`."""
