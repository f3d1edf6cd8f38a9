#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/spark/backfill.py, with a real Spark on this machine: make test-spark.

load ../helpers
load ../backfill

setup() {
    begin
    make_files 'a b.ndjson'
    export SPARK_LOCAL_IP=127.0.0.1
}

backfill() {
    timeout 300 python3 "$BATS_TEST_DIRNAME/../../examples/spark/backfill.py" "$@"
}

# assert_same OUTPUT
assert_same() {
    [ -e "$1/insights/_SUCCESS" ]
    [ -e "$1/rejects/_SUCCESS" ]
    cat "$1"/insights/part-* | cmp - want
    # A line is counted in its share.
    diff <(jq -c 'del(.line)' rejects | sort) \
        <(cat "$1"/rejects/part-* | jq -c 'del(.line)' | sort)
    assert_summary
}

@test "backfill.py gives the insights of one process, and keeps each reject" {
    backfill --loginagg='-w 1h -w all' "${files[@]}" out >summary
    assert_same out
    # A directory with what is below it. Large files are divided.
    PYSPARK_SUBMIT_ARGS='--conf spark.sql.files.maxPartitionBytes=100000 pyspark-shell' \
        backfill --loginagg='-w 1h -w all' in again >summary
    assert_same again
    [ "$(find again/rejects -name 'part-*' | wc -l)" -gt 10 ]
}

@test "backfill.py runs under spark-submit, with its master" {
    mkdir events
    timeout 300 spark-submit --master 'local[1]' \
        --conf spark.eventLog.enabled=true --conf spark.eventLog.compress=false \
        --conf "spark.eventLog.dir=$PWD/events" \
        "$BATS_TEST_DIRNAME/../../examples/spark/backfill.py" \
        --loginclean="-j 'select(.locale == \"RU\")'" "${files[@]}" out >summary
    find events -type f -exec grep -qF '"spark.master":"local[1]"' {} +
    loginclean -q -j 'select(.locale == "RU")' <one 2>/dev/null >clean
    loginagg --every 0 <clean | cmp - <(cat out/insights/part-*)
    [ "$(jq .filtered summary)" -gt 0 ]
}

# refuses WHY COMMAND...: the job fails, says why, and makes no insights.
refuses() {
    run ! "${@:2}"
    assert_match "$output" "$1"
    [ ! -e out/insights/_SUCCESS ]
    rm -rf out
}

@test "backfill.py fails if a file or a tool does" {
    gzip -c "${files[0]}" | head -c 20000 >cut.gz
    refuses 'end of input stream' backfill "${files[@]}" cut.gz out
    refuses 'status 64' backfill --loginagg='-w 500n' "${files[@]}" out
    # One of the stages, in the middle of its input.
    # shellcheck disable=SC2317 # the example calls it
    loginclean() { head -n 100 | command loginclean "$@" && kill -KILL "$BASHPID"; }
    export -f loginclean
    refuses 'status 137' backfill "${files[@]}" out
    unset -f loginclean
    # A partial that the merge refuses.
    loginagg() { command loginagg "$@" | sed 's/^{"partial":"1h.*"records":/&-/'; }
    export -f loginagg
    refuses 'not_partial' backfill "${files[@]}" out
}
