"""polars and pyasn: read, check and convert columns, look each address up, write Parquet.

`polars_pyasn.py FILE ASN_TABLE OUT` prints one JSON object.
"""
import json
import resource
import sys

import polars
import pyasn

source, table, out = sys.argv[1:]


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


asns = pyasn.pyasn(table)
begin = cpu()
frame = polars.read_csv(source)
frame = frame.with_columns(
    polars.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S"),
    polars.col("port").cast(polars.UInt16),
)
found = [asns.lookup(address)[0] for address in frame["ip"]]
frame = frame.with_columns(polars.Series("origin", found, dtype=polars.Int64))
frame.write_parquet(out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"rows": frame.height, "cpu": cpu() - begin, "peak": peak}))
