# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/pipeline*.bats: the whole pipe, its ledgers and its insights.

# pipeline TOPIC [LOGINGEN_OPTION]...: produces events and runs the whole pipe on the broker of
# BOOTSTRAP_SERVERS. Leaves a ledger per stage, the rejects, and the insights as the topic has them.
pipeline() {
    local topic=$1
    set -o pipefail
    timeout 60 logingen "${@:2}" | timeout 60 kcat-out -t "$topic" --stats kcat-out.stats
    timeout 60 kcat-in -t "$topic" -e --rejects bad.ndjson --stats kcat-in.stats |
        timeout 60 loginclean --rejects bad.ndjson --stats loginclean.stats |
        timeout 60 loginagg --stats loginagg.stats |
        timeout 60 kcat-out -t "$topic-insights" --stats kcat-out-insights.stats
    timeout 60 kcat-in "$topic-insights" -e >insights
}
export -f pipeline

# assert_chained STAGE...: each stage's output count is the next one's input count, and each adds up.
assert_chained() {
    local stage before=
    for stage; do
        assert_ledger_adds_up "$stage.stats"
        [ -z "$before" ] || assert_eq "$before" "$(ledger "$stage.stats" .in)"
        before=$(ledger "$stage.stats" .out)
    done
}

# final_insights FILE: the final insights, sorted.
final_insights() {
    jq -c 'select(.final)' "$1" | sort
}

# Runs the demo on the broker of BOOTSTRAP_SERVERS, or on its own if that is not set.
assert_demo_adds_up() {
    DEMO_REPORT=$PWD/demo.html run -0 timeout 60 "$BATS_TEST_DIRNAME/demo"
    assert_eq "$(grep -c '^ *ok ' <<<"$output")" 5
    grep -q 'loginview: logins per hour by device_type' <<<"$output"
    assert_eq "$(tail -n 1 <<<"$output")" "    $PWD/demo.html"
    grep -q 'Logins of the demo' demo.html
    run ! grep -q WRONG <<<"$output"
}
