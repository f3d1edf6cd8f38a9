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
}

# The pipeline of a worker, with the part of kcat-in and of the transactional id that differs. A worker without a
# name of its own has a short session, since all workers wait for it after the worker was killed.
worker() {
    echo "kcat-in -G $topic -t $topic --rejects - --marks ${1:+-Xgroup.instance.id=$1}${2:+-Xsession.timeout.ms=10000} |
    loginclean --rejects - |
    loginagg --partial --tee --rejects - |
    kcat-out -t $topic-clean --route partial=$topic-partials --route reject=$topic-rejects --key user_id -z zstd --exactly-once --transactional-id loginpipe.$topic.${1:-$2}"
}

merger() {
    echo "mkdir -p /s/$topic-merge.0of1 &&
kcat-in -G $topic-merge -t $topic-partials --rejects - --shard 0/1 --marks |
    loginagg --merge --rejects - --state /s/$topic-merge.0of1/counts |
    kcat-out -t $topic-insights --route reject=$topic-rejects --exactly-once --transactional-id loginpipe.$topic-merge.0/1"
}

# named NAME COMMAND...: the pipeline of one member of several.
named() {
    echo "# $1"
    "${@:2}"
}

@test "--dry-run prints the workers and the merger" {
    export PARTIALS_TOPIC=$topic-partials STATE_DIR=/s
    ROLE=merge run -0 loginpipe --dry-run
    assert_eq "$output" "$(merger)"
    ROLE=worker WORKER_ID=web-1 run -0 loginpipe --dry-run
    assert_eq "$output" "$(worker web-1)"
    ROLE=worker WORKER_ID=web run -0 loginpipe --dry-run -n 2
    assert_eq "$output" "$(named "worker 1" worker web-1; echo; named "worker 2" worker web-2)"
    WORKER_ID=web run -0 loginpipe --dry-run -n 3
    assert_eq "$output" "$(for i in 1 2 3; do named "worker $i" worker web-$i; echo; done; named merger merger)"
    DELIVERY=exactly-once NUM_CONSUMERS=3 WORKER_ID=web loginpipe --dry-run | cmp - <(echo "$output")
    # Without a name, the supervisor's host and process number make one. A worker keeps no state.
    STATE_DIR='' XDG_STATE_HOME='' HOME='' ROLE=worker run -0 loginpipe --dry-run -n 2
    own=$(grep -oE -m 1 "$(uname -n)-[0-9]+-1$" <<<"$output")
    assert_eq "$output" "$(named 'worker 1' worker '' "$own"; echo; named 'worker 2' worker '' "${own%1}2")"
    DELIVERY=none run -0 loginpipe --dry-run -n 3
    assert_eq "$(grep -c kcat-in <<<"$output")" 1
}

@test "more options reach the stages of the right members" {
    export KCAT_IN_OPTS=--in LOGINCLEAN_OPTS=--clean LOGINAGG_OPTS=--agg KCAT_OUT_OPTS=--out \
        MERGE_OPTS=--merged MERGE_IN_OPTS=--merge-in
    run -0 loginpipe --dry-run
    assert_eq "$(grep -oE -- '--(in|clean|agg|out|merged|merge-in)( |$)' <<<"$output" | xargs)" \
        '--in --clean --agg --out'
    ROLE=merge run -0 loginpipe --dry-run
    assert_eq "$(grep -oE -- '--(in|clean|agg|out|merged|merge-in)( |$)' <<<"$output" | xargs)" \
        '--merge-in --agg --merged --out'
    run -0 loginpipe --dry-run -n 2
    assert_eq "$(grep -oE -- '--(in|clean|agg|out|merged|merge-in)( |$)' <<<"$output" | xargs)" \
        '--in --clean --agg --out --in --clean --agg --out --merge-in --agg --merged --out'
}

@test "roles that do not fit the other settings are usage errors" {
    export STATE_DIR=/s
    while IFS='|' read -r settings want; do
        # shellcheck disable=SC2086 # several settings
        run -64 --separate-stderr env $settings timeout 20 loginpipe
        assert_eq "$settings: $stderr" "$settings: loginpipe: $want (see loginpipe --help)"
    done <<TABLE
ROLE=boss|ROLE: 'boss' is neither worker nor merge
NUM_CONSUMERS=x|NUM_CONSUMERS: 'x' is not a number from 1 to 999
SHARD=00/2|SHARD: '00/2' is not I/N such as 0/2
NUM_CONSUMERS=2 DELIVERY=at-least-once|DELIVERY: 'at-least-once' cannot be combined with -n or NUM_CONSUMERS; workers and their merger are exactly-once
ROLE=worker DELIVERY=none|DELIVERY: 'none' cannot be combined with ROLE; workers and their merger are exactly-once
ROLE=worker SHARD=0/2|SHARD: cannot be combined with ROLE, -n or NUM_CONSUMERS
NUM_CONSUMERS=2 SHARD=0/1|SHARD: cannot be combined with ROLE, -n or NUM_CONSUMERS
ROLE=worker WORKER_ID=a/b|WORKER_ID: 'a/b' is not a name of up to 200 letters, digits, '.', '_' and '-'
ROLE=worker KAFKA_GROUP=café|KAFKA_GROUP: workers need a name of printable ASCII characters
ROLE=merge PARTIALS_TOPIC=$topic-rejects|PARTIALS_TOPIC: $topic-rejects is also the topic for something else
ROLE=worker PARTIALS_TOPIC=$topic|KAFKA_TOPIC: $topic is also an output topic
ROLE=merge MERGE_OPTS=--state-reset|MERGE_OPTS: --state-reset would reset the state at every restart; use it with --once
NUM_CONSUMERS=2 LOGINAGG_OPTS=--state-reset|LOGINAGG_OPTS: --state-reset would reset the state at every restart; use it with ROLE=merge and --once
TABLE
    ROLE=merge run -64 --separate-stderr timeout 20 loginpipe -n 2
    assert_eq "$stderr" 'loginpipe: -n: only one merger can run; -n is for workers (see loginpipe --help)'
    # These are fine: nothing there reads partials, the merger is told once, and NUM_CONSUMERS is for workers.
    PARTIALS_TOPIC=$topic loginpipe --dry-run
    ROLE=merge MERGE_OPTS=--state-reset loginpipe --dry-run --once
    ROLE=merge NUM_CONSUMERS=2 loginpipe --dry-run | cmp - <(ROLE=merge loginpipe --dry-run)
}

@test "only a pipeline with a share of its own warns that its insights are of a share" {
    export BOOTSTRAP_SERVERS=127.0.0.1:1 KCAT_IN_OPTS='--wait 300ms' KCAT_OUT_OPTS='--wait 300ms' \
        MERGE_IN_OPTS='--wait 300ms'
    for settings in SHARD=1/2 'DELIVERY=none NUM_CONSUMERS=2'; do
        # shellcheck disable=SC2086 # several settings
        run -69 env $settings timeout 20 loginpipe --once
        assert_match "$output" 'loginpipe: this counts only a share of the records'
    done
    for settings in SHARD=0/1 ROLE=worker ROLE=merge NUM_CONSUMERS=2; do
        # shellcheck disable=SC2086 # several settings
        run -69 env $settings timeout 20 loginpipe --once
        run ! grep 'share' <<<"$output"
    done
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
        KAFKA_GROUP NUM_CONSUMERS BOOTSTRAP_SERVERS PARTIALS_TOPIC ROLE WORKER_ID MERGE_OPTS; do
        assert_match "$output" "$name"
    done
    run -74 bash -c 'loginpipe --help >/dev/full'
}
