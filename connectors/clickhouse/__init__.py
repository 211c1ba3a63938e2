"""ClickHouse: rows from records, inserts that can be repeated, and the ranges that make them exact."""
