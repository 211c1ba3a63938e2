"""The `storestream` command, the local servers, and what runs the processes."""
