"""IntelMQ as it is run: parser, AS look-up and file output as processes with Redis between them.

`intelmq_queues.py FILE ASN_TABLE FOLDER SECONDS` prints one JSON object, or ends with a fault
after SECONDS. CPU is that of all bots and of Redis, from the moment the report lies in the first
queue; their start is not counted. Settings that are not named here are IntelMQ's own.
"""
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import intelmq
import redis

source, table, folder, limit = sys.argv[1:]
folder = os.path.abspath(folder)
shutil.rmtree(folder, ignore_errors=True)
for inside in ("etc", "var/log", "var/run", "var/lib/bots"):
    os.makedirs(os.path.join(folder, inside))
out = os.path.join(folder, "out.jsonl")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


port = free_port()
BOTS = {
    "parser": ("intelmq.bots.parsers.shadowserver.parser", {"test_mode": True}, ["expert-queue"]),
    "expert": ("intelmq.bots.experts.asn_lookup.expert", {"database": table}, ["output-queue"]),
    "output": ("intelmq.bots.outputs.file.output", {"file": out}, []),
}
runtime = {
    "global": {
        "source_pipeline_port": port,
        "destination_pipeline_port": port,
        # Statistics too: while their server is not there, a bot tries to reach it for a second
        # after each single message.
        "statistics_port": port,
        "logging_path": os.path.join(folder, "var/log/"),
    }
}
for name, (module, parameters, queues) in BOTS.items():
    runtime[name] = {
        "module": module,
        "group": "Bot",
        "parameters": parameters | {"destination_queues": {"_default": queues}},
        "run_mode": "continuous",
    }
with open(os.path.join(folder, "etc/runtime.yaml"), "w", encoding="utf-8") as file:
    json.dump(runtime, file)  # JSON is YAML.
shutil.copy(
    os.path.join(os.path.dirname(intelmq.__file__), "etc/harmonization.conf"),
    os.path.join(folder, "etc/harmonization.conf"),
)
env = dict(os.environ, INTELMQ_ROOT_DIR=folder)
libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """However this script ends, the kernel ends its children."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(arguments, **more):
    return subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, cwd=folder, preexec_fn=die_with_parent, **more
    )


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        kibibytes = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024


def log_of(name):
    try:
        with open(os.path.join(folder, f"var/log/{name}.log"), encoding="utf-8") as log:
            return log.read()
    except FileNotFoundError:
        return ""


def wait_until(reached, what):
    while not reached():
        if any(process.poll() is not None for process in processes):
            logs = "".join(log_of(name)[-2000:] for name in BOTS)
            raise SystemExit(f"a process ended before {what}\n{logs}")
        if time.monotonic() > deadline:
            raise SystemExit(f"the time was over before {what}")
        time.sleep(0.2)


def answers():
    try:
        return queue.ping()
    except redis.exceptions.ConnectionError:
        return False


def all_ready():
    return all("Bot initialization completed." in log_of(name) for name in BOTS)


def all_written():
    """Whether the output holds a line for each row; reads on from where it was."""
    global written
    written += sum(piece.count(b"\n") for piece in iter(lambda: output.read(1 << 20), b""))
    return written >= wanted


with open(source, "rb") as file:
    raw = file.read()
wanted, written = raw.count(b"\n") - 1, 0
report = {
    "__type": "Report",
    "raw": base64.b64encode(raw).decode(),
    "feed.name": "bench",
    "extra.file_name": "2026-11-21-test_telnet-jp.csv",
    "time.observation": "2026-11-21T00:00:00+00:00",
}
deadline = time.monotonic() + float(limit)
# A polite end runs the clean-up below as well.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
processes = []
try:
    server = ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    processes.append(start(server))
    queue = redis.Redis(port=port, db=2)
    wait_until(answers, "Redis answered")
    for name, (module, _, _) in BOTS.items():
        # IntelMQ refuses to run as root, as which a container often runs.
        code = "import sys, intelmq.lib.utils as u; u.drop_privileges = lambda: True; "
        code += f"from {module} import BOT; sys.argv=['bot', '{name}']; BOT.run()"
        processes.append(start([sys.executable, "-c", code], env=env))
    wait_until(all_ready, "all bots were ready")
    pids = [process.pid for process in processes]
    begin = sum(cpu_of(pid) for pid in pids)
    started = time.monotonic()
    queue.lpush("parser-queue", json.dumps(report))
    with open(out, "rb") as output:
        wait_until(all_written, f"all {wanted} rows came out")
    used = sum(cpu_of(pid) for pid in pids) - begin
    peak = sum(peak_of(pid) for pid in pids)
    wall = time.monotonic() - started
    print(json.dumps({"rows": wanted, "cpu": used, "peak": peak, "wall": wall}))
finally:
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()
