"""Every question in plain Python over the same records: what ClickHouse must answer, worked out another way."""
