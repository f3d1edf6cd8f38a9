#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# backfill.py [OPTION]... INPUT... OUTPUT - writes the insights of many files, counted by Spark
#
# On one machine with two cores, and on a cluster:
#
#   pip install pyspark
#   backfill.py --loginagg='-w 1d' logs/2024-01-*.gz logs/today.ndjson january
#   spark-submit --master yarn --deploy-mode cluster backfill.py s3a://logs/2024-01 s3a://out/jan
#
# Each task pipes its share of the lines through loginclean and loginagg --partial, which must be
# installed on all workers. One loginagg --merge adds up the partials. The insights are those of one
# `loginclean | loginagg --every 0` on all lines, byte for byte, unless a table has more than
# --max-keys keys. The options of --loginagg go to both loginaggs, so a filter belongs in
# --loginclean="-j '...'".
#
# OUTPUT must not exist. It gets two directories, each complete once it has a file _SUCCESS:
# rejects, with each refused record and the reason, and insights, with one file of insights. Then a
# line on stdout counts what became of the records. If a file cannot be read to its end or a tool
# fails, the job fails.
#
# An INPUT is a file, a directory with all that is below it, or a pattern. Spark decompresses files
# that end in .gz. It divides large files at the ends of lines, but not compressed ones. It leaves
# out files whose names begin with _ or a dot, and a byte order mark at the beginning of a file.
#
# Each line goes through Java and Python to reach the tools, which costs more than counting it, so
# this pays on several machines. On one machine, ../pipelines/backfill-parallel.sh needs less time.
import argparse
import collections
import json
import os
import subprocess
import tempfile

from pyspark import StorageLevel
from pyspark.sql import SparkSession

# Rejects and ledgers come with the partials, so that those of a repeated task do not count twice.
COUNT = """
loginclean {loginclean} --rejects - --stats clean.ledger |
    loginagg {loginagg} --partial --every 0 --rejects - --stats agg.ledger &&
    cat clean.ledger agg.ledger
"""
# Records are only late if the input is not a file. A refused partial would be a loss.
MERGE = """
cat > partials &&
    loginagg {loginagg} --merge --every 0 --rejects refused < partials &&
    cat refused >&2 &&
    [ ! -s refused ]
"""


def pipe(script):
    """Like rdd.pipe(script, checkCode=True), but the bytes of the lines stay as they are."""

    def run(lines):
        command = ["bash", "-o", "pipefail", "-c", script]
        with tempfile.TemporaryDirectory() as scratch, open(scratch + "/out", "w+b") as out:
            tools = subprocess.Popen(command, cwd=scratch, stdin=subprocess.PIPE, stdout=out)
            try:
                with tools:
                    tools.stdin.writelines(bytes(line) + b"\n" for line in lines)
                ended_early = False
            except BrokenPipeError:
                ended_early = True
            if tools.returncode != 0 or ended_early:
                raise RuntimeError(f"status {tools.returncode} of {script}")
            out.seek(0)
            for line in out:
                yield line.rstrip(b"\n")

    return run


def total(ledgers):
    """What became of the records."""
    by_reason = collections.Counter()
    for ledger in ledgers:
        by_reason.update(ledger["by_reason"])
    return {
        "read": sum(ledger["in"] for ledger in ledgers if ledger["tool"] == "loginclean"),
        "filtered": sum(ledger["filtered"] for ledger in ledgers),
        "rejected": sum(ledger["rejected"] for ledger in ledgers),
        "counted": sum(ledger["aggregated"] for ledger in ledgers),
        "by_reason": by_reason,
    }


def main():
    parser = argparse.ArgumentParser(description="Writes the insights of many files.")
    parser.add_argument("--loginclean", default="", metavar="OPTIONS", help="its options")
    parser.add_argument("--loginagg", default="", metavar="OPTIONS", help="its options")
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("output", metavar="OUTPUT")
    args = parser.parse_args()
    options = {"loginclean": args.loginclean, "loginagg": args.loginagg}

    # spark-submit brings its own settings, and this has no effect.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell")
    spark = SparkSession.builder.appName("loginpipe backfill").getOrCreate()
    # As binary, since Spark would replace bytes that are not UTF-8. A bare CR does not end a line.
    lines = spark.read.text(args.inputs, lineSep="\n", recursiveFileLookup=True) \
        .selectExpr("cast(value as binary)").rdd.map(lambda row: row[0])
    counted = lines.mapPartitions(pipe(COUNT.format(**options))).persist(StorageLevel.DISK_ONLY)

    def of_kind(kind):
        return counted.filter(lambda line: line.startswith(b'{"%s":' % kind))

    of_kind(b"reject").saveAsTextFile(args.output + "/rejects")
    # All partials in one partition, so one process merges them and writes one file.
    of_kind(b"partial").repartition(1).mapPartitions(pipe(MERGE.format(**options))) \
        .saveAsTextFile(args.output + "/insights")
    print(json.dumps(total([json.loads(line) for line in of_kind(b"tool").collect()])))
    spark.stop()


if __name__ == "__main__":
    main()
