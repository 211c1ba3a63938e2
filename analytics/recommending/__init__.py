"""What to show next: built in ClickHouse, served from memory, measured beside others."""
