"""What a Docker engine leaves on the host it ran on, and how that is put back as it was before.

Only what the engine is known to add is taken away (chains named DOCKER, mounts below its own folders); a rule that
somebody else added in the meantime stays.
"""

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
FILTERS = ("iptables", "ip6tables")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
RUN_FOLDERS = ("/run/docker/plugins", "/run/docker", "/run/containerd/s", "/run/containerd")


def remember(file: Path) -> None:
    """Note the host's state before the engine's first start; a note that is there already is older and stays."""
    if file.exists():
        return
    rules = {tool: _rules(tool) for tool in FILTERS}
    note = {
        "ip_forward": FORWARDING.read_text().strip(),
        "shared": any("DOCKER" in text for text in rules.values()),
        "forward_policy": {tool: "DROP" if ":FORWARD DROP" in text else "ACCEPT" for tool, text in rules.items()},
    }
    file.write_text(json.dumps(note))


def undo(file: Path) -> None:
    """Put the host back as noted, unless another Docker engine had its rules there before ours."""
    if not file.exists():
        return
    note = json.loads(file.read_text())
    if note["shared"]:
        return
    for tool in FILTERS:
        if "DOCKER" in (rules := _rules(tool)):
            kept = without_docker(rules, forward_policy=note["forward_policy"][tool])
            subprocess.run([f"{tool}-restore", "--counters"], input=kept, text=True, check=True)
    FORWARDING.write_text(note["ip_forward"])
    for folder in [*CONTROL_GROUPS.glob("docker"), *CONTROL_GROUPS.glob("*/docker"), *map(Path, RUN_FOLDERS)]:
        with suppress(OSError):  # not empty: somebody else's
            folder.rmdir()


def without_docker(rules: str, *, forward_policy: str) -> str:
    """The output of iptables-save without Docker's chains and every rule that names one of them."""
    kept = "".join(line for line in rules.splitlines(keepends=True) if "DOCKER" not in line)
    return kept.replace(":FORWARD DROP", f":FORWARD {forward_policy}")


def processes(word: str) -> list[int]:
    """The processes that have this word in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:  # it has ended since
            continue
        if word.encode() in command:
            found.append(int(process.name))
    return found


def unmount(folder: Path) -> None:
    """Unmount all that is mounted on the folder and below it, the deepest first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in mounted if f"{point}/".startswith(f"{folder}/")), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", point], check=True)


def _rules(tool: str) -> str:
    save = shutil.which(f"{tool}-save", path="/usr/sbin:/sbin:/usr/bin:/bin")
    return subprocess.run([save, "--counters"], capture_output=True, text=True, check=True).stdout if save else ""
