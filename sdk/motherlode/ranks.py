"""Which of several processes of one training this is: torch.distributed's rank, or that of the launcher's variables."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from motherlode.errors import BadInput

__all__ = ["Place", "launch", "place", "whole"]


@dataclass(frozen=True, slots=True)
class Place:
    """This process's rank, from 0 on, among `ranks` processes; `ranks` is 1 where it trains alone."""

    rank: int = 0
    ranks: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that starts and finishes runs and logs their numbers."""
        return self.rank == 0


def place() -> Place:
    """The place of this process.

    `torch.distributed` is asked where it is loaded and initialised; else `RANK` and `WORLD_SIZE`, else `LOCAL_RANK`
    with `NODE_RANK` or `GROUP_RANK`, are read.
    """
    torch = sys.modules.get("torch.distributed")
    if torch is not None and torch.is_available() and torch.is_initialized():
        return Place(int(torch.get_rank()), int(torch.get_world_size()))
    ranks = max(_number("WORLD_SIZE") or 1, 1)
    rank = _number("RANK")
    if rank is None:
        node = _number("NODE_RANK") or _number("GROUP_RANK") or 0
        rank = (_number("LOCAL_RANK") or 0) + node * (_number("LOCAL_WORLD_SIZE") or 1)
    return Place(rank, ranks)


def whole(found: Place) -> Place:
    """The place, if it is one among as many as it says. Raises `BadInput`."""
    if found.rank >= found.ranks:
        raise BadInput(f"this is rank {found.rank} of {found.ranks}: set WORLD_SIZE to the number of processes")
    return found


def _number(name: str) -> int | None:
    text = os.environ.get(name, "").strip()
    return int(text) if text.isdecimal() else None


def launch() -> str:
    """A text that the processes which one torchrun started on this machine share with no other; "" without one."""
    if not os.environ.get("TORCHELASTIC_RUN_ID") or os.environ.get("GROUP_WORLD_SIZE", "1") != "1":
        return ""
    parent = os.getppid()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # the fields behind the process's name, which may hold anything; its start is the 22nd of all
        started = Path(f"/proc/{parent}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{socket.gethostname()} {boot} {parent} {started}"
