"""What is left of the machine's and the container's memory, as Linux writes it into files."""

from pathlib import Path

import pytest

from fastcnn.data.memory import available_memory

GIGABYTE = 1024**3


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Eight gigabytes left, no control groups."""
    write(tmp_path / "proc/meminfo", f"MemTotal: 1 kB\nMemAvailable:  {8 * 1024**2} kB\n")
    return tmp_path


def write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def limit(group: Path, limit: str, used: int, cached: int = 0) -> None:
    """Write the files of a control group of version 2."""
    write(group / "memory.max", f"{limit}\n")
    write(group / "memory.current", f"{used}\n")
    write(group / "memory.stat", f"anon 5\ninactive_file {cached}\n")


def test_this_machine_has_some_left() -> None:
    assert 0 < (available_memory() or GIGABYTE) < 2**50


def test_without_groups_the_machine_counts(machine: Path) -> None:
    assert available_memory(machine) == 8 * GIGABYTE


def test_the_tightest_group_above_us_counts(machine: Path) -> None:
    write(machine / "proc/self/cgroup", "0::/pod/container\n")
    top = machine / "sys/fs/cgroup"
    limit(top / "pod", str(3 * GIGABYTE), 2 * GIGABYTE, cached=GIGABYTE)
    limit(top / "pod/container", "max", GIGABYTE)
    assert available_memory(machine) == 2 * GIGABYTE
    limit(top / "pod/container", str(GIGABYTE), GIGABYTE // 4)
    assert available_memory(machine) == GIGABYTE // 4 * 3
    limit(top / "pod/container", str(GIGABYTE), 2 * GIGABYTE)
    assert available_memory(machine) == 0


def test_a_container_may_show_its_own_group_as_the_top(machine: Path) -> None:
    write(machine / "proc/self/cgroup", "0::/docker/0123abcd\n")
    limit(machine / "sys/fs/cgroup", str(GIGABYTE), 0)
    assert available_memory(machine) == GIGABYTE


def test_the_first_version_has_a_tree_for_memory(machine: Path) -> None:
    write(machine / "proc/self/cgroup", "9:name=systemd:/\n4:memory:/job\n3:cpu,cpuacct:/job\n")
    group = machine / "sys/fs/cgroup/memory/job"
    write(group / "memory.limit_in_bytes", f"{2 * GIGABYTE}\n")
    write(group / "memory.usage_in_bytes", f"{GIGABYTE}\n")
    write(group / "memory.stat", "inactive_file 7\ntotal_inactive_file 1024\n")
    assert available_memory(machine) == GIGABYTE + 1024


def test_unlimited_groups_of_the_first_version_do_not_count(machine: Path) -> None:
    write(machine / "proc/self/cgroup", "4:memory:/\n")
    group = machine / "sys/fs/cgroup/memory"
    write(group / "memory.limit_in_bytes", "9223372036854771712\n")
    write(group / "memory.usage_in_bytes", "4096\n")
    assert available_memory(machine) == 8 * GIGABYTE
