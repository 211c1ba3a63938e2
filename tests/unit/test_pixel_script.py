"""The pixel's script: what it sends in a fake sandbox (by Node, where there is one), and that the door serves it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from connectors.ingest.pixel import SCRIPT
from tests.doors import FakeSink, a_door, calling

CASES = sorted(Path(__file__).parent.glob("pixel_*.test.js"))


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node")
def test_the_script_does_in_a_sandbox_what_it_says() -> None:
    command = ["node", "--test", "--test-reporter=tap", *map(str, CASES)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert ran.returncode == 0, ran.stdout
    assert "# pass 20" in ran.stdout, ran.stdout


async def test_the_door_serves_the_script_to_any_page() -> None:
    async with calling(a_door(FakeSink())) as client:
        answer = await client.get("/v1/pixel.js")

    assert answer.content == SCRIPT.read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(answer.content) < 8_192
