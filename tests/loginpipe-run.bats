#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe on a real Kafka: it starts, drains, stops and restarts the pipeline.
#
# bats file_tags=kafka,long

load helpers
load loginpipe

# The logins in the newest insight of each window.
logins() {
    read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins") | [.key, .logins]' |
        jq -rs 'group_by(.[0])[] | last[1]'
}

@test "--once with a range runs the pipeline once and exits" {
    make_topics 3 1000
    KCAT_IN_OPTS=-e run -0 --separate-stderr timeout 60 loginpipe --once
    assert_eq "$output$stderr" ''
    assert_handled 1000
    assert_eq "$(logins)" "$(wc -l <expected)"
    # Records are not read twice.
    KCAT_IN_OPTS=-e run -0 timeout 60 loginpipe
    assert_handled 1000
}

@test "--create creates the output topics" {
    create_topic "$topic"
    logingen -n 100 --bad 10 | produce "$topic"
    KCAT_IN_OPTS=-e run -0 timeout 60 loginpipe --once --create=2
    assert_handled 100
    # In a topic of its own the newest version of each insight is enough. Records are all kept.
    has_compaction() { loginpipe --dry-run --create | grep -q "insights:cleanup.policy=compact"; }
    has_compaction
    INSIGHTS_TOPIC=$topic-insights PROCESSED_TOPIC=$topic-insights run -1 has_compaction
    INSIGHTS_TOPIC=$topic-insights REJECTS_TOPIC=$topic-insights run -1 has_compaction
}

@test "--dry-run prints a command that a shell can run" {
    make_topics 1 100
    KCAT_IN_OPTS='-e -c 50' LOGINCLEAN_OPTS='--optional  locale' run -0 --separate-stderr \
        loginpipe --dry-run --create -v
    state=$STATE_DIR/$topic.0of1
    assert_eq "$output" "mkdir -p $state &&
kcat-in -G $topic -t $topic --rejects - --shard 0/1 --acks $state/acks -v -e -c 50 |
    loginclean --rejects - -v --optional locale |
    loginagg --tee --rejects - --state $state/counts -v |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --create --topic-config=$topic-insights:cleanup.policy=compact --acks $state/acks -v"
    timeout 60 bash -o pipefail -c "$output"
    has_handled 50
    # Settings are quoted for the shell.
    INSIGHTS_TOPIC="a'b \$(touch x)" loginpipe --dry-run >line
    sed -i 's/^ *kcat-out/echo/' line
    bash -c "echo | $(tail -n 1 line)" >words
    grep -qF "insight=a'b \$(touch x) " words
    [ ! -e x ]
}

@test "SIGTERM and SIGINT drain the pipe, and loginpipe succeeds" {
    make_topics 2 2000
    for signal in TERM INT; do
        start_loginpipe
        wait_until 20 stage kcat-out
        wait_until 20 has_handled 2000
        kill -$signal "$pid"
        await "$pid"
        assert_eq "$signal $status" "$signal 0"
        all_are_gone
    done
    assert_handled 2000
    assert_eq "$(cat log)" ''
    assert_eq "$(logins)" "$(wc -l <expected)"
}

@test "a restart in the middle of an hour continues its insights" {
    make_topics 3 0
    logingen -n 2000 --span 50m >events
    for slice in 1,1500 1501,2000; do
        sed -n "${slice}p" events | produce "$topic"
        start_loginpipe
        wait_until 20 has_handled "${slice#*,}"
        kill -INT "$pid"
        await "$pid"
        # The rolling insight of the last moments is there too.
        assert_eq "$status $(logins)" "0 ${slice#*,}"
    done
}

@test "a backlog in several partitions is counted whole" {
    make_topics 8 0
    logingen -n 20000 --span 12h | produce "$topic" --key user_id
    KCAT_IN_OPTS=-e LOGINAGG_OPTS='--every 0 --final' run -0 timeout 60 loginpipe --once
    assert_eq "$output$(read_topic "$REJECTS_TOPIC")" ''
    assert_eq "$(logins | awk '{ n += $1 } END { print n, NR }')" '20000 12'
}

@test "a pipeline stopped and restarted while events arrive handles each once" {
    make_topics 3 0
    start bash -c "logingen -n 40000 --bad 10 --span 1h --rate 10000 | kcat-out -t $topic"
    for count in 5000 10000 15000; do
        start_loginpipe
        wait_until 20 stage kcat-out
        wait_until 20 has_handled $count
        kill -TERM "$pid"
        await "$pid"
        assert_eq $status 0
    done
    await "${started[0]}"
    KCAT_IN_OPTS=-e timeout 60 loginpipe --once
    assert_handled 40000
}

@test "Ctrl-C in a terminal drains the pipe" {
    make_topics 2 1000
    mkfifo keyboard
    exec 5<>keyboard
    start script -qec "loginpipe; echo \$? >status" /dev/null <keyboard >screen 2>&1 5>&-
    terminal=$!
    wait_until 20 has_handled 1000
    printf '\003' >&5
    exec 5>&-
    await $terminal
    assert_eq "$(<status)" 0
    all_are_gone
    assert_handled 1000
}

@test "loginpipe stops when its terminal goes away" {
    make_topics 2 1000
    start script -qec loginpipe /dev/null </dev/null >screen 2>&1
    wait_until 20 has_handled 1000
    kill -KILL $!
    wait_until 30 all_are_gone
    assert_handled 1000
}

@test "a second signal ends loginpipe immediately" {
    make_topics 1 10
    start_loginpipe
    wait_until 20 has_handled 10
    kill -STOP "$(stage kcat-out)" # so that the pipe cannot be drained
    kill -TERM "$pid"
    wait_until 10 has_let_go_of_signals "$(stage kcat-in)"
    kill -TERM "$pid"
    await "$pid" 10
    assert_eq $status 143
    wait_until 5 all_are_gone
}

@test "loginpipe restarts the pipeline when a stage is killed" {
    logingen -n 3000 --span 50m >events
    make_topics 2 0
    head -n 1000 events | produce "$topic"
    start_loginpipe
    count=1000
    for victim in loginagg kcat-in; do
        wait_until 30 has_cleaned $count
        # The pipeline may be starting again.
        wait_until 20 stage "$victim"
        kill -KILL "$(stage "$victim")"
        wait_until 10 grep -q "$victim: killed by signal 9; starting again in" log
        sed -n "$((count + 1)),$((count + 1000))p" events | produce "$topic"
        count=$((count + 1000))
    done
    wait_until 40 has_cleaned $count
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq $status 0
    all_are_gone
    # Some records may be there twice, but each is counted once.
    assert_eq "$(logins)" 3000
}

@test "with --once, loginpipe exits when a stage is killed" {
    make_topics 1 10
    start_loginpipe --once
    wait_until 20 has_handled 10
    kill -KILL "$(stage loginclean)"
    await "$pid"
    assert_eq $status 137
    assert_eq "$(tail -n 1 log)" 'loginpipe: loginclean: killed by signal 9'
    all_are_gone
}

@test "no stage survives a supervisor that is killed" {
    make_topics 1 10
    start_loginpipe
    wait_until 20 has_handled 10
    kill -KILL "$pid"
    wait_until 20 all_are_gone
    assert_handled 10
}

@test "copies without a guarantee share the partitions and stop together" {
    make_topics 4 1000
    DELIVERY=none start_loginpipe -n 2
    wait_until 20 has_handled 1000
    logingen -n 3000 --bad 10 | tail -n 2000 | produce "$topic"
    wait_until 20 has_handled 3000
    kill -TERM "$pid"
    await "$pid"
    assert_eq $status 0
    wait_until 5 all_are_gone
    assert_eq "$(grep -vc 'counts only a share' log)" 0
}

@test "SIGHUP to loginpipe makes the stages open their files anew, and ends none" {
    make_topics 1 0
    export LOGINCLEAN_OPTS="--rejects $PWD/bad" LOGINAGG_OPTS="--stats $PWD/ledger"
    for how in '' nohup; do
        rm -f bad* ledger*
        # shellcheck disable=SC2086 # no word if it is empty
        start $how loginpipe 2>log
        pid=$!
        wait_until 20 has_stages "$pid"
        record_with '.ip = "1"' | produce "$topic"
        wait_until 20 has_lines 1 bad
        stages_before=$(pgrep -P "$pid" | xargs)
        mv bad bad.1
        kill -HUP "$pid"
        wait_until 10 test -e bad
        record_with '.ip = "2"' | produce "$topic"
        wait_until 20 has_lines 1 bad
        assert_eq "$(pgrep -P "$pid" | xargs)" "$stages_before"
        kill -TERM "$pid"
        await "$pid" 40
        assert_eq "$how $status $(grep -v nohup: log)" "$how 0 "
        assert_eq "$(cat bad.1 bad | jq -c '.raw | fromjson.ip' | xargs)" '1 2'
        has_lines 1 ledger
    done
}

@test "loginpipe does not retry after a usage or configuration error" {
    make_topics 1 10
    KCAT_OUT_OPTS=--no-such-option run -64 timeout 20 loginpipe
    assert_match "$output" 'kcat-out: .*no-such-option'
    KCAT_CONFIG=missing run -78 timeout 20 loginpipe
    LOGINCLEAN_OPTS='-j .[' run -64 timeout 20 loginpipe
}
