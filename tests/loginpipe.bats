#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginpipe: usage, settings, and what --dry-run prints.

load helpers
load loginpipe

setup() {
    begin
    set_topics
}

@test "--dry-run prints the options of the delivery mode" {
    DELIVERY=exactly-once STATE_DIR=/s run -0 loginpipe --dry-run
    assert_eq "$output" "mkdir -p /s/$topic.0of1 &&
kcat-in -G $topic -t $topic --rejects - --shard 0/1 --marks |
    loginclean --rejects - |
    loginagg --tee --rejects - --state /s/$topic.0of1/counts |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --exactly-once --transactional-id loginpipe.$topic.0/1"
    # at-least-once is the default.
    STATE_DIR=/s SHARD=1/3 KAFKA_GROUP=a/b run -0 loginpipe --dry-run
    assert_eq "$output" "mkdir -p /s/a_b.1of3 &&
kcat-in -G a/b -t $topic --rejects - --shard 1/3 --acks /s/a_b.1of3/acks |
    loginclean --rejects - |
    loginagg --tee --rejects - --state /s/a_b.1of3/counts |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id --acks /s/a_b.1of3/acks"
    # Without a guarantee there is no state.
    STATE_DIR='' XDG_STATE_HOME='' HOME='' DELIVERY=none run -0 loginpipe --dry-run
    assert_eq "$output" "kcat-in -G $topic -t $topic --rejects - |
    loginclean --rejects - |
    loginagg --tee --rejects - |
    kcat-out -t $topic-clean --route insight=$topic-insights --route reject=$topic-rejects --key user_id"
    # Each shard is a pipeline of its own.
    DELIVERY=at-least-once STATE_DIR=/s run -0 loginpipe --dry-run -n 2
    assert_eq "$(grep -o -e '--shard [^ ]*' -e '--acks [^ ]*$' <<<"$output" | xargs)" \
        "--shard 0/2 --acks /s/$topic.0of2/acks --shard 1/2 --acks /s/$topic.1of2/acks"
}

@test "the state directory is found in cron, under systemd, in a container and in a session" {
    unset STATE_DIR STATE_DIRECTORY XDG_STATE_HOME
    while read -r want settings; do
        # shellcheck disable=SC2086 # several settings
        run -0 env $settings loginpipe --dry-run
        assert_eq "$settings: ${lines[0]}" "$settings: mkdir -p $want/$topic.0of1 &&"
    done <<'TABLE'
/home/ann/.local/state/loginpipe HOME=/home/ann
/x/loginpipe HOME=/home/ann XDG_STATE_HOME=/x
/home/ann/.local/state/loginpipe HOME=/home/ann XDG_STATE_HOME=not/absolute
/var/lib/a HOME=/root XDG_STATE_HOME=/x STATE_DIRECTORY=/var/lib/a
/var/lib/a HOME=/ STATE_DIRECTORY=/var/lib/a:/var/lib/b
/data HOME=/home/ann XDG_STATE_HOME=/x STATE_DIRECTORY=/var/lib/a STATE_DIR=/data
TABLE
    run -64 --separate-stderr env -u HOME loginpipe
    assert_eq "$stderr" 'loginpipe: STATE_DIR: not set, and there is no HOME; set it to a directory in which the counts can be kept, or set DELIVERY=none (see loginpipe --help)'
}

@test "only the user can read the state" {
    export KCAT_IN_OPTS='--wait 300ms' KCAT_OUT_OPTS='--wait 300ms'
    BOOTSTRAP_SERVERS=127.0.0.1:1 STATE_DIR=$PWD/a/b run -69 timeout 20 loginpipe --once
    assert_eq "$(stat -c %a a a/b "a/b/$topic.0of1" | xargs)" '700 700 700'
}

@test "--state-reset needs --once, so that restarts do not reset the state" {
    DELIVERY=exactly-once LOGINAGG_OPTS='-w 1d --state-reset' run -64 --separate-stderr loginpipe
    assert_eq "$stderr" 'loginpipe: LOGINAGG_OPTS: --state-reset would reset the state at every restart; use it with --once (see loginpipe --help)'
}

@test "a state directory that cannot be created is an error" {
    : >file
    DELIVERY=exactly-once STATE_DIR=$PWD/file run -73 timeout 20 loginpipe --once
}

@test "loginpipe retries an unreachable broker, but not with --once" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1 KCAT_IN_OPTS='--wait 300ms' KCAT_OUT_OPTS='--wait 300ms'
    run -69 timeout 20 loginpipe --once
    start_loginpipe
    wait_until 20 grep -q 'starting again in 2 s' log
    kill -TERM "$pid"
    await "$pid"
    # The signal arrived between two runs, or during one that failed.
    [ "$status" -eq 69 ] || [ "$status" -eq 75 ]
}

@test "a wrong option or setting is a one-line usage error" {
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
    for wrong in 'DELIVERY=none SHARD=0/2' 'DELIVERY=exactly-once SHARD=2/2' 'DELIVERY=at-least-once SHARD=x' \
        'DELIVERY=exactly-once SHARD=0/2 NUM_CONSUMERS=2'; do
        # shellcheck disable=SC2086 # several settings
        run -64 env $wrong timeout 20 loginpipe --dry-run
    done
}

@test "an error names the stage that is not installed" {
    cp "$BUILD_DIR/loginpipe" .
    PATH=/usr/bin:/bin run -78 --separate-stderr timeout 20 ./loginpipe --dry-run
    assert_eq "$stderr" 'loginpipe: kcat-in: neither beside loginpipe nor in PATH'
}

@test "--version and --help describe loginpipe" {
    run -0 loginpipe --version
    assert_match "$output" '^loginpipe .*[0-9]+\.[0-9]+'
    run -0 loginpipe --help
    for name in --once --dry-run -n KAFKA_TOPIC PROCESSED_TOPIC INSIGHTS_TOPIC REJECTS_TOPIC \
        KAFKA_GROUP NUM_CONSUMERS BOOTSTRAP_SERVERS; do
        assert_match "$output" "$name"
    done
    run -74 bash -c 'loginpipe --help >/dev/full'
}
