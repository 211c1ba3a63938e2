"""What holds against real servers: Kafka, ClickHouse, processes."""
