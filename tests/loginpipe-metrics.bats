#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe: the figures of all stages and members in one file, and in a line a minute. On a real Kafka.
#
# bats file_tags=kafka

load helpers
load loginpipe

# value FILE NAME LABEL...: the sum of the samples of this name with these labels: value m x_total 'stage="kcat-in"'
value() {
    local lines
    lines=$(grep -E "^$2[{ ]" "$1")
    for label in "${@:3}"; do
        lines=$(grep -F -- "$label" <<<"$lines")
    done
    awk '{ sum += $NF } END { print sum + 0 }' <<<"$lines"
}

# assert_valid FILE: each family has one HELP and one TYPE, then all of its samples, and each sample is there once.
assert_valid() {
    awk '
        /^# HELP / { if (seen[$3]++) fail("HELP twice"); family = $3; next }
        /^# TYPE / { if ($3 != family || typed[$3]++) fail("TYPE"); next }
        {
            name = $0
            sub(/[{ ].*/, "", name)
            sub(/_(bucket|sum|count)$/, "", name)
            if (name != family) fail("a sample of another family")
            sample = $0
            sub(/ [^ ]*$/, "", sample)
            if (samples[sample]++) fail("twice")
            if (sample !~ /[{]group="[^"]+",member="[^"]+",.*stage="[^"]+"/) fail("no member or stage")
        }
        function fail(why) { print why ": " $0; bad = 1 }
        END { exit bad }' "$1" >&2
}

@test "--metrics has the figures of all stages, as their ledgers have, and of loginpipe" {
    make_topics 2 1000
    KCAT_IN_OPTS='-e' LOGINCLEAN_OPTS="--stats $PWD/ledger" run -0 --separate-stderr \
        timeout 60 loginpipe --once --metrics m
    assert_eq "$output$stderr" ''
    assert_valid m
    for outcome in in out rejected; do
        assert_eq "$outcome $(value m loginpipe_records_total "outcome=\"$outcome\"" 'stage="loginclean"')" \
            "$outcome $(ledger ledger .$outcome)"
    done
    assert_eq "$(value m loginpipe_records_total 'outcome="in"' 'stage="kcat-in"') $(value m loginpipe_build_info)" '1000 5'
    assert_eq "$(value m loginpipe_restarts_total 'member="pipeline"') $(value m loginpipe_up)" '0 0'
    assert_eq "$(value m loginpipe_broker_up)" 2
    [ "$(value m loginpipe_start_time_seconds 'stage="loginpipe"')" != 0 ]
    # The option wins over the setting.
    METRICS_FILE=$PWD/unused KCAT_IN_OPTS=-e timeout 60 loginpipe --once --metrics m2
    METRICS_FILE=$PWD/m3 KCAT_IN_OPTS=-e timeout 60 loginpipe --once
    [ ! -e unused ]
    assert_valid m2
    assert_valid m3
}

@test "each member is in the file of --metrics, and a killed stage or supervisor counts as a restart" {
    make_topics 2 100
    mkdir run
    RUNTIME_DIRECTORY=$PWD/run:/other start_loginpipe -n 2 --metrics m -v
    wait_until 20 has_members 3
    wait_until 20 has_handled 100
    read -ra members <<<"$(members | xargs)"
    kill -KILL "$(pgrep -P "${members[1]}" -x loginagg)"
    has_restarts() { [ "$(value m loginpipe_restarts_total "member=\"$1\"")" = "$2" ]; }
    wait_until 20 has_restarts 'worker 2' 1
    has_restarts 'worker 1' 0
    kill -KILL "${members[0]}"
    for member in 'worker 1 1' 'worker 2 2' 'merger 1'; do
        wait_until 20 has_restarts "${member% *}" "${member##* }"
    done
    wait_until 40 has_members 3
    [ "$(ls run)" ]
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq "$status $(ls run)" '0 '
    assert_valid m
    assert_match "$(grep '^loginpipe: [0-9,]* records' log | tail -n 1)" ' records in the last [0-9]+ s \([0-9]+/s\): '
}

@test "with -v, loginpipe says at its end what came, went and was refused" {
    make_topics 2 2000
    KCAT_IN_OPTS='-e' run -0 --separate-stderr timeout 60 loginpipe --once -v
    clean=$(read_topic "$PROCESSED_TOPIC" | wc -l)
    line=$(grep -E '^loginpipe: .* records in' <<<"$stderr")
    assert_match "$line" "^loginpipe: 2,000 records in the last [0-9]+ s \([0-9,]+/s\): ${clean:0:1},${clean:1} clean, \
$((2000 - clean)) rejected, 0 late; lag 0; watermark 20[0-9T:-]+Z, [0-9,]+ days behind$"
    run -0 --separate-stderr env KCAT_IN_OPTS=-e LOG_LEVEL=warn timeout 60 loginpipe --once
    assert_eq "$stderr" ''
}

@test "a file for metrics that cannot be written, or belongs to one stage, is an error" {
    run -73 --separate-stderr timeout 20 loginpipe --metrics none/m
    assert_eq "$stderr" 'loginpipe: --metrics: none/m: No such file or directory'
    KCAT_OUT_OPTS='--metrics m' run -64 --separate-stderr timeout 20 loginpipe
    assert_eq "$stderr" "loginpipe: KCAT_OUT_OPTS: --metrics: give it to loginpipe, for the metrics of all stages, or \
set METRICS_FILE (see loginpipe --help)"
    METRICS_FILE=m run -0 loginpipe --dry-run
    run ! grep -e --metrics <<<"$output"
}
