"""Writes the address table as pyasn reads it: `asn_table.py OUT TABLE…`, each `first,last,asn,…`."""
import csv
import ipaddress
import sys

out, tables = sys.argv[1], sys.argv[2:]
seen = set()
with open(out, "w", encoding="utf-8") as target:
    for table in tables:
        with open(table, encoding="utf-8", newline="") as source:
            for first, last, asn, *_ in csv.reader(source):
                first, last = ipaddress.ip_address(first), ipaddress.ip_address(last)
                for prefix in ipaddress.summarize_address_range(first, last):
                    # pyasn refuses a prefix that stands twice; the first one counts.
                    if prefix not in seen:
                        seen.add(prefix)
                        target.write(f"{prefix}\t{asn}\n")
