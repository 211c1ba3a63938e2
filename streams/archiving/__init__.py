"""How the archive gathers records, writes them and survives: `streams.archive` is the worker."""
