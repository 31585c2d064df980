"""`make bench`: the same work by Vangnet and by restic, in turn, on the same data; medians and ratios as a table.

    python -m tests.bench [--files N] [--rounds N] [--mix office|tiny|photos|huge] [--folder DIR] [--memory DIR]
    python -m tests.bench --remote [--rounds N]

Never a timed test: a table for people, kept in docs/performance.md with the machine described.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.bench.data import MIX_NAMES, change_mix, make_mix
from tests.bench.measure import Measure, measure
from tests.bench.tools import OURS, Tool, tools

OPERATIONS = ("first back-up", "nothing changed", "1 % changed", "check, all data", "restore all")
Results = dict[str, dict[str, list[Measure]]]
Sizes = dict[str, list[int]]
_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory


def main() -> None:
    arguments = _arguments()
    if arguments.remote:
        from tests.bench import remote

        remote.main(rounds=arguments.rounds)
        return
    with contextlib.ExitStack() as stack:
        disk, memory = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=folder)))
            for folder in (arguments.folder, arguments.memory)
        )
        made = make_mix(arguments.mix, memory / "source", arguments.files)
        print(
            f"{made.files:,} files, {made.bytes / 1e6:,.0f} MB, mix “{arguments.mix}”, {arguments.rounds} rounds; "
            f"source in {arguments.memory or tempfile.gettempdir()}, repositories and restored files on disk"
        )
        print(f"{_machine()}; load before {_load()}", flush=True)
        results: Results = defaultdict(lambda: defaultdict(list))
        sizes: dict[str, list[int]] = defaultdict(list)
        compared = list(tools())
        for number in range(arguments.rounds):
            order = compared[number % len(compared) :] + compared[: number % len(compared)]
            _round(disk / f"{number}", memory, arguments.mix, order, results, sizes)
            print(f"round {number + 1}: load {_load()}", flush=True)
        _print_table(compared, results, sizes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--files", type=int, default=40_000, help='number of files; for "huge" their MB together')
    parser.add_argument("--remote", action="store_true", help="the servers' backends against their libraries instead")
    parser.add_argument("--rounds", type=int, default=3, help="the table shows the medians")
    parser.add_argument("--mix", choices=MIX_NAMES, default="office")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the repositories and the restored files are made"
    )
    parser.add_argument(
        "--memory",
        type=Path,
        default=_MEMORY if _MEMORY.is_dir() else None,
        help="where the source lies: in memory, so that the page cache plays no part",
    )
    return parser.parse_args()


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{cores} cores ({names[0].partition(':')[2].strip() if names else '?'}), {memory_gb:.0f} GB"


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


def _round(disk: Path, memory: Path, mix: str, order: list[Tool], results: Results, sizes: Sizes) -> None:
    """Let every tool do one operation before the next operation begins, so that a slow minute hits all of them.

    Repositories and restored files stay until the end: ext4 is slow for minutes after many files were deleted.
    """
    disk.mkdir()
    source = memory / "changing"
    shutil.copytree(memory / "source", source, copy_function=_copy_sparse, symlinks=True)
    password = disk / "password"
    password.write_text("bench")
    places = {tool.name: disk / f"repository-{index}" for index, tool in enumerate(order)}
    environments = {tool.name: tool.environment(places[tool.name], password) for tool in order}

    def each(operation: str, *command: str, restores: bool = False) -> None:
        for tool in order:
            target = ("--target", f"{places[tool.name]}-restored") if restores else ()
            try:
                results[operation][tool.name].append(measure(tool.command(*command, *target), environments[tool.name]))
            except subprocess.CalledProcessError as exc:
                sys.exit(f"{tool.name}: {operation} failed\n{exc.output.decode(errors='replace')}")

    # restic chooses its scrypt parameters by how busy the machine is: one new repository for all has one price.
    ours, *others = sorted(order, key=lambda tool: tool.name != OURS)
    measure(ours.command("init"), environments[ours.name])
    for tool in others:
        shutil.copytree(places[ours.name], places[tool.name])
    each(OPERATIONS[0], "backup", str(source))
    each(OPERATIONS[1], "backup", str(source))
    change_mix(mix, source)
    each(OPERATIONS[2], "backup", str(source))
    each(OPERATIONS[3], "check", "--read-data")
    each(OPERATIONS[4], "restore", "latest", restores=True)
    shutil.rmtree(source)
    for tool in order:
        sizes[tool.name].append(sum(path.stat().st_size for path in places[tool.name].rglob("*") if path.is_file()))


def _copy_sparse(source: str, target: str) -> str:
    if _has_holes(source):
        subprocess.run(["cp", "--preserve=all", "--sparse=always", source, target], check=True)
        return target
    return shutil.copy2(source, target)


def _has_holes(path: str) -> bool:
    status = os.stat(path)
    return status.st_blocks * 512 < status.st_size


def _print_table(compared: list[Tool], results: Results, sizes: Sizes) -> None:
    ours, *others = compared
    print()
    print(
        "| operation | " + " | ".join(f"{tool.name}: s / CPU s / MB" for tool in compared) + " | to the better restic |"
    )
    print("| --- |" + " --- |" * (len(compared) + 1))
    for operation in OPERATIONS:
        medians = {tool.name: _median(results[operation][tool.name]) for tool in compared}
        cells = [f"{m.wall_s:.2f} / {m.cpu_s:.2f} / {m.peak_bytes / 1e6:.0f}" for m in medians.values()]
        best = min((medians[tool.name] for tool in others), key=lambda m: m.wall_s)
        memory = min(medians[tool.name].peak_bytes for tool in others)
        mine = medians[ours.name]
        ratio = f"**{mine.wall_s / best.wall_s:.2f}** time, {mine.peak_bytes / memory:.2f} memory"
        print(f"| {operation} | " + " | ".join(cells) + f" | {ratio} |")
    stored = {tool.name: statistics.median(sizes[tool.name]) for tool in compared}
    smallest = min(stored[tool.name] for tool in others)
    cells = [f"{stored[tool.name] / 1e6:.0f} MB" for tool in compared]
    print("| repository | " + " | ".join(cells) + f" | **{stored[ours.name] / smallest:.2f}** |")


def _median(measures: list[Measure]) -> Measure:
    return Measure(
        statistics.median(m.wall_s for m in measures),
        statistics.median(m.cpu_s for m in measures),
        round(statistics.median(m.peak_bytes for m in measures)),
    )


if __name__ == "__main__":
    main()
