"""One folder per outside system; in each, the mapping is pure and the client does the I/O."""
