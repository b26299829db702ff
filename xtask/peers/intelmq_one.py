"""IntelMQ in one process: parser and AS look-up called one after the other, without queues.

`intelmq_one.py FILE ASN_TABLE OUT` prints one JSON object.
"""
import base64
import json
import resource
import sys

from intelmq.bots.experts.asn_lookup.expert import ASNLookupExpertBot
from intelmq.bots.parsers.shadowserver.parser import ShadowserverParserBot
from intelmq.lib.bot import BotLibSettings

source, table, out = sys.argv[1:]


def settings(**more):
    return BotLibSettings | more


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


parser = ShadowserverParserBot("parser", settings=settings(test_mode=True))
expert = ASNLookupExpertBot("expert", settings=settings(database=table))
begin = cpu()
with open(source, "rb") as file:
    raw = file.read()
report = {
    "__type": "Report",
    "raw": base64.b64encode(raw).decode(),
    "feed.name": "bench",
    "extra.file_name": "2026-11-21-test_telnet-jp.csv",
}
rows = 0
with open(out, "w", encoding="utf-8") as target:
    for event in parser.process_message(report)["output"]:
        for found in expert.process_message(event)["output"]:
            target.write(json.dumps(found) + "\n")
            rows += 1
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"rows": rows, "cpu": cpu() - begin, "peak": peak}))
