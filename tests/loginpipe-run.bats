#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe on a real Kafka: it starts, drains, stops and restarts the pipeline.
#
# bats file_tags=kafka,long

load helpers
load loginpipe

setup() {
    begin
    need_kafka
    set_topics
}

@test "--once with a range runs the pipeline once and exits" {
    make_topics 3 1000
    KCAT_IN_OPTS=-e run -0 --separate-stderr timeout 60 loginpipe --once
    assert_eq "$output$stderr" ''
    assert_handled 1000
    assert_eq "$(read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins").logins')" \
        "$(wc -l <expected)"
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
    assert_eq "$output" "kcat-in -G $topic -t $topic --rejects - -v -e -c 50 |
    loginclean --rejects - -v --optional locale |
    loginagg --tee --rejects - -v |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --create --topic-config=$topic-insights:cleanup.policy=compact -v"
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
    # The second run read no records, so there is one final insight of each kind.
    assert_eq "$(read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins" and .final).logins')" \
        "$(wc -l <expected)"
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

@test "a second signal ends loginpipe immediately" {
    make_topics 1 10
    start_loginpipe
    wait_until 20 has_handled 10
    kill -STOP "$(stage kcat-out)" # so that the pipe cannot be drained
    kill -TERM "$pid"
    all_but_two_are_gone() { [ -z "$(stage kcat-in)" ]; }
    wait_until 10 all_but_two_are_gone
    kill -TERM "$pid"
    await "$pid" 10
    assert_eq $status 143
    wait_until 5 all_are_gone
}

@test "loginpipe restarts the pipeline when a stage is killed" {
    make_topics 2 1000
    export KCAT_IN_OPTS='-X session.timeout.ms=6000'
    start_loginpipe
    count=1000
    for victim in loginagg kcat-in; do
        wait_until 30 has_handled $count
        # The pipeline may be starting again.
        wait_until 20 stage "$victim"
        kill -KILL "$(stage "$victim")"
        wait_until 10 grep -q "$victim: killed by signal 9; starting again in" log
        logingen -n 1000 --seed $count | produce "$topic"
        count=$((count + 1000))
    done
    wait_until 40 has_handled $count
    kill -TERM "$pid"
    await "$pid"
    assert_eq $status 0
    all_are_gone
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

@test "-n runs copies that share the partitions and stop together" {
    make_topics 4 1000
    start_loginpipe -n 2
    wait_until 20 has_handled 1000
    logingen -n 3000 --bad 10 | tail -n 2000 | produce "$topic"
    wait_until 20 has_handled 3000
    kill -TERM "$pid"
    await "$pid"
    assert_eq $status 0
    wait_until 5 all_are_gone
}

@test "loginpipe does not retry after a usage or configuration error" {
    make_topics 1 10
    KCAT_OUT_OPTS=--no-such-option run -64 timeout 20 loginpipe
    assert_match "$output" 'kcat-out: .*no-such-option'
    KCAT_CONFIG=missing run -78 timeout 20 loginpipe
    LOGINCLEAN_OPTS='-j .[' run -64 timeout 20 loginpipe
}
