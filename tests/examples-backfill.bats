#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/pipelines/backfill-parallel.sh: many files on all cores. spark/backfill.bats tests the
# same with Spark.

load helpers
load backfill

setup() {
    begin
    make_files 'a {} b.ndjson'
}

# example NAME ARGUMENT...
example() {
    timeout 60 "$BATS_TEST_DIRNAME/../examples/pipelines/$1" "${@:2}"
}

# Hides GNU parallel from the script.
only_xargs() {
    parallel() { return 1; }
    export -f parallel
}

need_parallel() {
    parallel --version 2>/dev/null | grep -q '^GNU parallel' || skip "there is no GNU parallel"
}

counts_files() {
    LOGINAGG_OPTS='-w 1h -w all' example backfill-parallel.sh dir "${files[@]}" >summary
    cmp dir/insights.ndjson want
    # A line is counted in its file.
    diff <(jq -c 'del(.line)' rejects) <(cat dir/*.rejects | jq -c 'del(.line)')
    assert_eq "$(cd dir && ls)" '1-a {} b.ndjson.rejects
2-b.gz.rejects
3-a {} b.ndjson.rejects
insights.ndjson
ledgers.ndjson'
    assert_summary
    assert_eq "$(ledger dir/ledgers.ndjson '[.tool, .rejected, .late]')" '["loginagg",0,0]'
}

# refuses COMMAND...: the script fails and leaves nothing.
refuses() {
    run ! "$@"
    [ ! -e dir ]
    [ ! -e dir.part ]
}

notices_failures() {
    gzip -c "${files[0]}" | head -c 20000 >cut.gz
    refuses example backfill-parallel.sh dir "${files[@]}" cut.gz
    assert_match "$output" 'cut.gz was not counted'
    refuses example backfill-parallel.sh dir "${files[@]}" no-such-file
    LOGINCLEAN_OPTS=--no-such-option refuses example backfill-parallel.sh dir "${files[@]}"
    # Windows of records cannot be merged.
    LOGINAGG_OPTS='-w 500n' refuses example backfill-parallel.sh dir "${files[@]}"
    loginclean() { [[ $* != *'2-b.gz'* ]] && command loginclean "$@"; }
    export -f loginclean
    refuses example backfill-parallel.sh dir "${files[@]}"
    assert_match "$output" 'b.gz was not counted'
}

@test "backfill-parallel.sh with xargs gives the insights of one process, and keeps each reject" {
    only_xargs
    counts_files
}

@test "backfill-parallel.sh with GNU parallel does the same" {
    need_parallel
    counts_files
}

@test "backfill-parallel.sh with xargs fails if a file or a tool does" {
    only_xargs
    notices_failures
}

@test "backfill-parallel.sh with GNU parallel fails if a file or a tool does" {
    need_parallel
    notices_failures
}

@test "backfill-parallel.sh fails if a partial is refused or late" {
    LOGINAGG_OPTS='-w 10s --lateness 0' refuses example backfill-parallel.sh dir "${files[@]}"
    assert_match "$output" '"reject":"late"'
    loginagg() { command loginagg "$@" | sed 's/^{"partial":"1h.*"records":/&-/'; }
    export -f loginagg
    refuses example backfill-parallel.sh dir "${files[@]}"
    assert_match "$output" '"reject":"not_partial"'
}

@test "backfill-parallel.sh replaces no directory" {
    mkdir dir
    touch dir/kept
    run -64 example backfill-parallel.sh dir "${files[@]}"
    [ -e dir/kept ]
    mkdir new.part
    touch new.part/kept
    run ! example backfill-parallel.sh new "${files[@]}"
    [ -e new.part/kept ]
}
