"""The project keeps the promises its files make to each other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("lock", ["run.txt", "test.txt"])
def test_lock_files_pin_and_hash_every_package_and_name_no_registry(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()

    requirements = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert requirements
    assert all("==" in block and "--hash=sha256:" in block for block in requirements)
    assert "://" not in text
    assert "--index-url" not in text


def test_make_alone_prints_every_target_with_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()

    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.M)
    assert phony
    documented = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    assert documented == set(phony.group(1).split())
