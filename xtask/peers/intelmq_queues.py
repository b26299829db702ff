"""IntelMQ as it is run: parser, AS look-up and file output as processes with Redis between them.

`intelmq_queues.py FILE ASN_TABLE FOLDER` prints one JSON object. CPU is that of all bots and of
Redis, from the moment the report lies in the first queue.
"""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

source, table, folder = sys.argv[1:]
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
    "output": ("intelmq.bots.outputs.file.output", {"file": out, "hierarchical_output": False}, []),
}
runtime = {
    "global": {
        "source_pipeline_host": "127.0.0.1",
        "source_pipeline_port": port,
        "destination_pipeline_host": "127.0.0.1",
        "destination_pipeline_port": port,
        "logging_path": os.path.join(folder, "var/log"),
        "logging_level": "ERROR",
        "log_processed_messages_seconds": 3600,
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
open(os.path.join(folder, "etc/harmonization.conf"), "w", encoding="utf-8").close()
import intelmq  # noqa: E402

shutil.copy(
    os.path.join(os.path.dirname(intelmq.__file__), "etc/harmonization.conf"),
    os.path.join(folder, "etc/harmonization.conf"),
)
env = dict(os.environ, INTELMQ_ROOT_DIR=folder)


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lines():
    try:
        with open(out, "rb") as file:
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


with open(source, "rb") as file:
    raw = file.read()
wanted = raw.count(b"\n") - 1
report = {
    "__type": "Report",
    "raw": base64.b64encode(raw).decode(),
    "feed.name": "bench",
    "extra.file_name": "2026-11-21-test_telnet-jp.csv",
    "time.observation": "2026-11-21T00:00:00+00:00",
}
server = subprocess.Popen(
    ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", folder],
    stdout=subprocess.DEVNULL,
)
bots = []
try:
    import redis  # noqa: E402

    queue = redis.Redis(port=port, db=2)
    for _ in range(100):
        try:
            queue.ping()
            break
        except redis.exceptions.ConnectionError:
            time.sleep(0.1)
    for name, (module, _, _) in BOTS.items():
        # IntelMQ refuses to run as root, as which a container often runs.
        start = "import sys, intelmq.lib.utils as u; u.drop_privileges = lambda: True; "
        start += f"from {module} import BOT; sys.argv=['bot', '{name}']; BOT.run()"
        bots.append(subprocess.Popen([sys.executable, "-c", start], env=env, cwd=folder))
    time.sleep(3)
    pids = [server.pid] + [bot.pid for bot in bots]
    begin = sum(cpu_of(pid) for pid in pids)
    started = time.monotonic()
    queue.lpush("parser-queue", json.dumps(report))
    while lines() < wanted:
        if any(bot.poll() is not None for bot in bots) or time.monotonic() - started > 1500:
            raise SystemExit("a bot ended early, or none came to an end")
        time.sleep(0.5)
    used = sum(cpu_of(pid) for pid in pids) - begin
    print(json.dumps({"rows": wanted, "cpu": used, "wall": time.monotonic() - started}))
finally:
    for bot in bots:
        bot.send_signal(signal.SIGKILL)
    server.kill()
    for process in [server, *bots]:
        process.wait()
