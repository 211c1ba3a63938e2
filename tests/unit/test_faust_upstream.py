"""Fails when Faust or aiokafka changes a method that `streams.faust_fixes` replaces, wraps or relies on.

Then read the change, decide whether the correction still holds, run `make chaos`, and only then write the new digest.
"""

import ast
import hashlib
import importlib.util
from pathlib import Path

import pytest

READ = {
    "faust.app.base": {
        "App._on_partitions_assigned": "af4c4d9f57523d30",
        "App._on_partitions_revoked": "549ee65b7b3a3155",
        "App._stop_consumer": "af3a42a004d84ad0",
        "App._update_assignment": "eb689b8577327b26",
    },
    "faust.agents.actor": {"Actor.on_stop": "2c838e107036aeeb"},
    "faust.channels": {"Channel.__anext__": "39c4928646d612ac"},
    "faust.stores.memory": {"Store": "e7687e1542902a89"},
    "faust.tables.recovery": {
        "Recovery._restart_recovery": "597f90c1743b6bb3",
        "Recovery._resume_streams": "fec849656dbcea2c",
        "Recovery._set_recovery_ended": "6a3e92931b0a8bc5",
        "Recovery._set_recovery_started": "63f8f6f87bdb53e8",
        "Recovery._slurp_changelogs": "2e29833a409e0003",
        "Recovery._wait": "794be6e54ea553c8",
        "Recovery.on_rebalance": "34055a49383fd002",
        "Recovery.on_recovery_completed": "2720e26cb703b2fa",
        "Recovery.revoke": "5a33f950bd6ba133",
    },
    "faust.topics": {"Topic._on_published": "a949ba409d310a0e", "Topic.publish_message": "2b1c5cc8b12a156c"},
    "faust.transport.conductor": {
        "Conductor._compile_message_handler": "2982240f18d04c41",
        "Conductor._build_handler": "c6980a6ee0b56a74",
    },
    "faust.transport.consumer": {
        "Consumer._commit_offsets": "01d713e6896c2d49",
        "Consumer._commit_tps": "bd6689ec028ce61b",
        "Consumer._drain_messages": "8308d11bc7a290dc",
        "Consumer._filter_committable_offsets": "cbb772bd57ea35d3",
        "Consumer._filter_tps_with_pending_acks": "e4480bd5f48aee9e",
        "Consumer._new_offset": "7524555f309a6493",
        "Consumer._set_active_tps": "e994018f472d6ce6",
        "Consumer._should_commit": "b3181fcc8ee82fa6",
        "Consumer._wait_next_records": "97fc2cf4cf94c619",
        "Consumer.ack": "6341c682b9ca914d",
        "Consumer.getmany": "fb4700d31489b3b4",
        "Consumer.on_buffer_drop": "2977cdf59ecbd492",
        "Consumer.on_buffer_full": "01644b5587f109ec",
        "Consumer.on_partitions_assigned": "7184efd06adbba9a",
        "Consumer.on_partitions_revoked": "1119883ef88f27aa",
        "Consumer.perform_seek": "b2fa31dd2a8784d3",
        "Consumer.resume_flow": "db5ac4ea999e57c1",
        "Consumer.resume_partitions": "0ce68544cb09fe58",
        "Consumer.stop_flow": "1719f69952d1b9aa",
        "Consumer.verify_all_partitions_active": "f27c0f9dd479f736",
        "Consumer.wait_empty": "f29971a4a89cf07e",
    },
    "faust.transport.drivers.aiokafka": {
        "AIOKafkaConsumerThread._commit": "7201c9cd0528c16b",
        "AIOKafkaConsumerThread._create_worker_consumer": "684c167041ff0044",
        "AIOKafkaConsumerThread._fetch_records": "4ba572180fc65471",
        "AIOKafkaConsumerThread.getmany": "689c79c162d4c198",
        "ConsumerRebalanceListener": "5bf8810a0bad3db0",
        "Producer.flush": "38ff8817068ac7df",
    },
    "faust.transport.producer": {"ProducerBuffer": "b574e91b81f1535f"},
    "faust.types.tuples": {"Message.ack": "cd058d9e864c46b4", "ConsumerMessage": "fe2dc3a9c06ce8d8"},
    "aiokafka.consumer.fetcher": {
        "Fetcher._create_fetch_waiter": "76ffca2bb1e86ee0",
        "Fetcher.fetched_records": "002f5b2f4ca34dee",
    },
    "aiokafka.producer.message_accumulator": {
        "MessageAccumulator.add_batch": "fc649d205899cd3e",
        "MessageAccumulator.flush": "cc43c532a164e0d0",
    },
}
CASES = [(module, name, digest) for module, names in READ.items() for name, digest in names.items()]


@pytest.mark.parametrize(("module", "name", "digest"), CASES, ids=[f"{module}:{name}" for module, name, _ in CASES])
def test_upstream_source_is_the_one_we_read(module: str, name: str, digest: str) -> None:
    assert digest_of(module, name) == digest


def digest_of(module: str, name: str) -> str:
    """Hash the source of class or method *name*, from the file: at run time it may be ours already."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        node = next(each for each in ast.iter_child_nodes(node) if getattr(each, "name", None) == part)
    return hashlib.sha256((ast.get_source_segment(source, node) or "").encode()).hexdigest()[:16]
