#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause

# shellcheck disable=SC2154 # $stderr is set by run

load helpers

setup() {
    need_kafka
    # shellcheck disable=SC2034 # helpers.bash uses it
    started=()
    cd "$BATS_TEST_TMPDIR" || return 1
    topic=$(fresh_topic)
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$topic-clean INSIGHTS_TOPIC=$topic-insights \
        REJECTS_TOPIC=$topic-rejects KAFKA_GROUP=$topic
}

teardown() {
    stop_started
}

# Makes the topics, with so many login events in the first: make_topics PARTITIONS COUNT
make_topics() {
    create_topic "$topic" "$1"
    for name in "$PROCESSED_TOPIC" "$INSIGHTS_TOPIC" "$REJECTS_TOPIC"; do
        create_topic "$name"
    done
    logingen -n "$2" --bad 10 | produce "$topic"
}

# Starts it in the background; $pid is its process number.
start_loginpipe() {
    start loginpipe "$@" 2>>log
    pid=$!
}

# The process number of a stage: stage NAME
stage() {
    pgrep -P "$pid" -x "$1"
}

# Whether so many events have been handled, as clean records or as rejects.
has_handled() {
    [ "$(read_topic "$PROCESSED_TOPIC" "$REJECTS_TOPIC" | wc -l)" -ge "$1" ]
}

# Whether nothing runs any more that was started to work on this test's topic.
all_are_gone() {
    ! pgrep -f "$topic" >/dev/null
}

# assert_handled COUNT: each of the first COUNT events that logingen makes is in one topic, once.
assert_handled() {
    logingen -n "$1" --bad 10 | loginclean --rejects expected.rejects | sort >expected
    read_topic "$PROCESSED_TOPIC" | sort | cmp - expected
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" "$(wc -l <expected.rejects)"
    rm expected.rejects
}

@test "--once with a range that ends is one run of the pipeline" {
    make_topics 3 1000
    KCAT_IN_OPTS=-e run -0 --separate-stderr timeout 60 loginpipe --once
    assert_eq "$output$stderr" ''
    assert_handled 1000
    assert_eq "$(read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins").logins')" \
        "$(wc -l <expected)"
    # What has been read is not read again.
    KCAT_IN_OPTS=-e run -0 timeout 60 loginpipe
    assert_handled 1000
}

@test "--create makes the topics that it writes to" {
    create_topic "$topic"
    logingen -n 100 --bad 10 | produce "$topic"
    KCAT_IN_OPTS=-e run -0 timeout 60 loginpipe --once --create=2
    assert_handled 100
}

@test "--dry-run prints what a shell can run" {
    make_topics 1 100
    KCAT_IN_OPTS='-e -c 50' LOGINCLEAN_OPTS='--optional  locale' run -0 --separate-stderr \
        loginpipe --dry-run --create -v
    assert_eq "$output" "kcat-in -G $topic -t $topic --rejects - -v -e -c 50 |
    loginclean --rejects - -v --optional locale |
    loginagg --tee --rejects - -v |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --create -v"
    timeout 60 bash -o pipefail -c "$output"
    has_handled 50
    # Nothing in a setting is for the shell.
    INSIGHTS_TOPIC="a'b \$(touch x)" loginpipe --dry-run >line
    sed -i 's/^ *kcat-out/echo/' line
    bash -c "echo | $(tail -n 1 line)" >words
    grep -qF "insight=a'b \$(touch x) " words
    [ ! -e x ]
}

@test "SIGTERM and SIGINT drain the pipe, and end it with success" {
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
    # The second run had nothing to do, so there is one final insight of each kind.
    assert_eq "$(read_topic "$INSIGHTS_TOPIC" -j 'select(.insight == "logins" and .final).logins')" \
        "$(wc -l <expected)"
}

@test "stopped and started while events keep coming, it handles each once" {
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

# slice FROM TO: produces these lines of the file events.
slice() {
    sed -n "$1,$2p" events | produce "$KAFKA_TOPIC"
}

# What the insights say at last, by key; final ones, in the order of their keys.
last_insights() {
    jq -sc 'group_by(.key)[] | last | select(.final)'
}

# Each of the events is there once, as a clean record or as a reject, and the insights are of all.
assert_all_counted() {
    loginclean --rejects rejects <events >clean
    read_topic "$PROCESSED_TOPIC" | sort | cmp - <(sort clean)
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" "$(wc -l <rejects)"
    loginagg --every 0 --lateness 1d <clean | last_insights >expected
    read_topic "$INSIGHTS_TOPIC" | last_insights | cmp - expected
    rm rejects
}

@test "with DELIVERY, stopped and started, it handles each record once and counts go on" {
    logingen -n 3000 --bad 10 --span 2h >events
    for DELIVERY in exactly-once at-least-once; do
        export DELIVERY STATE_DIR=$PWD/state.$DELIVERY KAFKA_GROUP=$DELIVERY.$topic
        export KAFKA_TOPIC=$topic-$DELIVERY PROCESSED_TOPIC=$topic-clean-$DELIVERY \
            INSIGHTS_TOPIC=$topic-insights-$DELIVERY REJECTS_TOPIC=$topic-rejects-$DELIVERY
        topic=$KAFKA_TOPIC make_topics 3 0
        slice 1 1000
        start_loginpipe
        wait_until 30 has_handled 1000
        kill -TERM "$pid"
        await "$pid" 40
        assert_eq "$DELIVERY $status" "$DELIVERY 0"
        all_are_gone
        slice 1001 3000
        KCAT_IN_OPTS=-e LOGINAGG_OPTS='--final --every 0' timeout 60 loginpipe --once
        assert_all_counted
    done
    assert_eq "$(cat log)" ''
}

@test "with DELIVERY=exactly-once stages that are killed change nothing in the end" {
    export DELIVERY=exactly-once STATE_DIR=$PWD/state
    logingen -n 5000 --bad 10 --span 2h >events
    make_topics 2 0
    slice 1 1000
    start_loginpipe
    count=1000
    for victim in loginagg kcat-out kcat-in loginclean; do
        wait_until 40 has_handled $count
        slice $((count + 1)) $((count + 1000))
        count=$((count + 1000))
        kill -KILL "$(stage $victim)"
        wait_until 20 grep -q "$victim: killed by signal 9; starting again in" log
    done
    wait_until 60 has_handled $count
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq $status 0
    KCAT_IN_OPTS=-e LOGINAGG_OPTS='--final --every 0' timeout 60 loginpipe --once
    assert_all_counted
}

@test "with DELIVERY and -n each copy has its share" {
    export DELIVERY=exactly-once STATE_DIR=$PWD/state
    make_topics 4 1000
    start_loginpipe -n 2
    wait_until 30 has_handled 1000
    kill -TERM "$pid"
    await "$pid" 40
    assert_eq $status 0
    assert_handled 1000
    assert_eq "$(find state -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' ')" \
        "$topic.0of2 $topic.1of2"
    wait_until 5 all_are_gone
}

@test "--dry-run says how it delivers" {
    DELIVERY=exactly-once STATE_DIR=/s run -0 loginpipe --dry-run
    assert_eq "$output" "mkdir -p /s/$topic.0of1 &&
kcat-in -G $topic -t $topic --rejects - --shard 0/1 --marks |
    loginclean --rejects - |
    loginagg --tee --rejects - --state /s/$topic.0of1/counts |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --exactly-once --transactional-id loginpipe.$topic.0/1"
    DELIVERY=at-least-once STATE_DIRECTORY=/s SHARD=1/3 KAFKA_GROUP=a/b run -0 loginpipe --dry-run
    assert_eq "$output" "mkdir -p /s/a_b.1of3 &&
kcat-in -G a/b -t $topic --rejects - --shard 1/3 --acks /s/a_b.1of3/acks |
    loginclean --rejects - |
    loginagg --tee --rejects - --state /s/a_b.1of3/counts |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --acks /s/a_b.1of3/acks"
    # Each share is a pipeline of its own.
    DELIVERY=at-least-once STATE_DIR=/s run -0 loginpipe --dry-run -n 2
    assert_eq "$(grep -o -e '--shard [^ ]*' -e '--acks [^ ]*$' <<<"$output" | xargs)" \
        "--shard 0/2 --acks /s/$topic.0of2/acks --shard 1/2 --acks /s/$topic.1of2/acks"
}

@test "a state is not reset at each restart" {
    DELIVERY=exactly-once LOGINAGG_OPTS='-w 1d --state-reset' run -64 --separate-stderr loginpipe
    assert_eq "$stderr" 'loginpipe: LOGINAGG_OPTS: --state-reset would start anew at each restart; it needs --once (see loginpipe --help)'
}

@test "a state that cannot be made is said so" {
    : >file
    DELIVERY=exactly-once STATE_DIR=$PWD/file run -73 timeout 20 loginpipe --once
}

@test "Ctrl-C in a terminal drains the pipe too" {
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

@test "a second signal ends it at once" {
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

@test "when a stage is killed the pipeline is started again and goes on" {
    make_topics 2 1000
    export KCAT_IN_OPTS='-X session.timeout.ms=6000'
    start_loginpipe
    count=1000
    for victim in loginagg kcat-in; do
        wait_until 30 has_handled $count
        kill -KILL "$(stage $victim)"
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

@test "with --once a stage that is killed is the end" {
    make_topics 1 10
    start_loginpipe --once
    wait_until 20 has_handled 10
    kill -KILL "$(stage loginclean)"
    await "$pid"
    assert_eq $status 137
    assert_eq "$(tail -n 1 log)" 'loginpipe: loginclean: killed by signal 9'
    all_are_gone
}

@test "a supervisor that is killed leaves nothing behind" {
    make_topics 1 10
    start_loginpipe
    wait_until 20 has_handled 10
    kill -KILL "$pid"
    wait_until 20 all_are_gone
    assert_handled 10
}

@test "-n runs copies that share the partitions, and are stopped together" {
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

@test "what trying again does not mend is not tried again" {
    make_topics 1 10
    KCAT_OUT_OPTS=--no-such-option run -64 timeout 20 loginpipe
    assert_match "$output" 'kcat-out: .*no-such-option'
    KCAT_CONFIG=missing run -78 timeout 20 loginpipe
    LOGINCLEAN_OPTS='-j .[' run -64 timeout 20 loginpipe
}

@test "a broker that cannot be reached is tried again, but not with --once" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1 KCAT_IN_OPTS='--wait 300ms' KCAT_OUT_OPTS='--wait 300ms'
    run -69 timeout 20 loginpipe --once
    start_loginpipe
    wait_until 20 grep -q 'starting again in 2 s' log
    kill -TERM "$pid"
    await "$pid"
    # It was told to stop between two runs, or while one failed.
    [ "$status" -eq 69 ] || [ "$status" -eq 75 ]
}

@test "a wrong option or setting is a usage error in one line" {
    while read -r -a options; do
        run -64 --separate-stderr timeout 20 loginpipe "${options[@]}"
        assert_eq "$output" ''
        assert_match "$stderr" '^loginpipe: '
        assert_eq "${options[*]} $(wc -l <<<"$stderr")" "${options[*]} 1"
    done <<'TABLE'
--no-such-option
-x
operand
-n
-n 0
-n many
TABLE
    DELIVERY=sometimes run -64 timeout 20 loginpipe
    INSIGHTS_TOPIC=$topic run -64 timeout 20 loginpipe
    NUM_CONSUMERS=x run -64 timeout 20 loginpipe
    for wrong in SHARD=0/2 'DELIVERY=exactly-once SHARD=2/2' 'DELIVERY=at-least-once SHARD=x' \
        'DELIVERY=exactly-once SHARD=0/2 NUM_CONSUMERS=2'; do
        # shellcheck disable=SC2086 # several settings
        run -64 env $wrong timeout 20 loginpipe --dry-run
    done
}

@test "a stage that is not installed is named" {
    cp "$BUILD_DIR/loginpipe" .
    PATH=/usr/bin:/bin run -78 --separate-stderr timeout 20 ./loginpipe --dry-run
    assert_eq "$stderr" 'loginpipe: kcat-in: neither beside loginpipe nor in PATH'
}

@test "it says what it is and how it is used" {
    run -0 loginpipe --version
    assert_match "$output" '^loginpipe .*[0-9]+\.[0-9]+'
    run -0 loginpipe --help
    for name in --once --dry-run -n KAFKA_TOPIC PROCESSED_TOPIC INSIGHTS_TOPIC REJECTS_TOPIC \
        KAFKA_GROUP NUM_CONSUMERS BOOTSTRAP_SERVERS; do
        assert_match "$output" "$name"
    done
    run -74 bash -c 'loginpipe --help >/dev/full'
}
