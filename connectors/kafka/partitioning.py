"""Which partition a visitor or a checkout lives on: the same for ingest, the workers and every Kafka client."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(shop_id: str, identifier: str, partitions: int) -> int:
    """Choose the partition of a visitor (by visitor id) or a checkout (by token), as Kafka's own clients would.

    The hash is murmur2 with Kafka's mask: https://kafka.apache.org/documentation/#producerconfigs_partitioner.class
    """
    hashed: int = murmur2(f"{shop_id}|{identifier}".encode())
    return (hashed & 0x7FFFFFFF) % partitions
