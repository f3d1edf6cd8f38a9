# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by all tests: records, assertions, processes in the background, Kafka, and faults.

bats_require_minimum_version 1.5.0
: "${RUN_DIR:?tests are run by tests/run, which sets what they need}"

# Each test begins in an empty directory and has a topic name of its own. At its end, all processes of
# start are stopped. A file with more to prepare has its own setup, which calls begin first.
begin() {
    started=() pid=
    cd "$BATS_TEST_TMPDIR" || return 1
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/.state # loginpipe's default; no other test's
    topic=$(fresh_topic a)
}

setup() {
    begin
}

teardown() {
    stop_started
}

# Two good records, one a line, as real producers write them.
good_records() {
    cat <<'END'
{"user_id": "424cdd21-063a-43a7-b91b-7ca1a833afae", "app_version": "2.3.0", "device_type": "android", "ip": "199.172.111.135", "locale": "RU", "device_id": "593-47-5928", "timestamp": "1694479551"}
{"user_id":"a6397988-1649-4859-ae5f-a1407b638ca6","app_version":"2.3.0","ip":"108.228.145.239","locale":"RI","device_id":"6221eb3d-89b5-4585-8c98-545b78e24c53","timestamp":1720576825,"device_type":"iOS"}
END
}

# record_with JQ: the first good record, changed by a jq program: record_with '.ip = "x"'
record_with() {
    good_records | head -n 1 | jq -c "$1"
}

# assert_eq GOT WANT: fails and prints both if they differ.
assert_eq() {
    [ "$1" = "$2" ] || {
        printf 'expected: %s\nbut got:  %s\n' "$2" "$1" >&2
        return 1
    }
}

# assert_match TEXT REGEX
assert_match() {
    [[ $1 =~ $2 ]] || {
        printf 'expected a match of: %s\nbut got: %s\n' "$2" "$1" >&2
        return 1
    }
}

# ledger FILE JQ: a figure of the last line of a ledger file: ledger stats .in
ledger() {
    tail -n 1 "$1" | jq -cr "$2"
}

# in + made = out + filtered + rejected + late + aggregated + undelivered
assert_ledger_adds_up() {
    tail -n 1 "$1" | jq -e '.in + .made ==
        .out + .filtered + .rejected + .late + .aggregated + .undelivered' >/dev/null || {
        echo "the ledger does not add up: $(tail -n 1 "$1")" >&2
        return 1
    }
}

# assert_exactly_once COUNT FILE...: the files together hold the numbers from 1 to COUNT, each once.
# Prints those that are missing or repeated.
assert_exactly_once() {
    sort -n "${@:2}" | cmp - <(seq "$1") || {
        sort -n "${@:2}" | diff - <(seq "$1") | head -n 20 >&2
        return 1
    }
}

# assert_at_least_once COUNT FILE...: the same, but numbers may be repeated.
assert_at_least_once() {
    sort -nu "${@:2}" | cmp - <(seq "$1") || {
        sort -nu "${@:2}" | diff - <(seq "$1") | head -n 20 >&2
        return 1
    }
}

# --- The shared Kafka ---

# Writes the broker's settings to $RUN_DIR/kafka.env, or the reason why it did not start to
# $RUN_DIR/kafka.reason. Files run in parallel: with the lock the first one starts the broker while
# others wait. tests/run stops it.
start_shared_kafka() {
    (
        flock 9
        [ ! -e "$RUN_DIR/kafka.env" ] && [ ! -e "$RUN_DIR/kafka.reason" ] || exit 0
        if "$BATS_TEST_DIRNAME/broker/kafka" start "$RUN_DIR/kafka" 3>&- \
            >"$RUN_DIR/kafka.lines" 2>"$RUN_DIR/kafka.err"; then
            mv "$RUN_DIR/kafka.lines" "$RUN_DIR/kafka.env"
        else
            sed '$!d; s/^kafka: //' "$RUN_DIR/kafka.err" >"$RUN_DIR/kafka.reason"
        fi
    ) 9>"$RUN_DIR/kafka.lock"
}

# For tests on a real Kafka, in files with the tag "kafka": sets BOOTSTRAP_SERVERS and
# KAFKA_TEST_DIR. If Kafka cannot start, the test is skipped, or with CI=true fails.
need_kafka() {
    [ -e "$RUN_DIR/kafka.env" ] || start_shared_kafka
    if [ -e "$RUN_DIR/kafka.env" ]; then
        # shellcheck disable=SC1091
        . "$RUN_DIR/kafka.env"
    elif [ "${CI:-}" = true ]; then
        cat "$RUN_DIR/kafka.err" >&2
        return 1
    else
        skip "no real Kafka: $(<"$RUN_DIR/kafka.reason")"
    fi
}

# fresh_topic LETTERS: a topic name that no other test uses. Calls with different LETTERS differ too.
fresh_topic() {
    echo "t-$(basename "$BATS_TEST_FILENAME" .bats)-$BATS_TEST_NUMBER-$1-$RANDOM"
}

# create_topic NAME [PARTITIONS]
create_topic() {
    kcat-out -t "$1" --create="${2:-1}" </dev/null
}

# wait_until SECONDS COMMAND...: repeats a command until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# --- Processes beside the test ---

# start COMMAND...: runs it in the background, in a session of its own, with SIGINT and SIGHUP as in
# a terminal; $! is its process number. At the end of the test, stop_started kills the session.
start() {
    # Without <&0 a background job would have no stdin.
    env --default-signal=INT,HUP setsid "$@" <&0 3>&- &
    started+=($!)
}

stop_started() {
    local session

    for session in "${started[@]}"; do
        {
            pkill -KILL -s "$session" || kill -KILL "$session"
            wait "$session"
        } 2>/dev/null || true
    done
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# await PID [SECONDS]: waits until a process ends and sets $status to its exit status.
await() {
    wait_until "${2:-20}" is_gone "$1" || {
        echo "process $1 does not end" >&2
        return 1
    }
    status=0
    wait "$1" || status=$?
}

# has_lines COUNT FILE...: the files together have at least COUNT lines.
has_lines() {
    [ "$(cat "${@:2}" | wc -l)" -ge "$1" ]
}

# --- Topics ---

# read_topic TOPIC [OPTION]...: prints the current contents of topics, one value a line.
read_topic() {
    timeout 60 kcat-in -e "$@"
}

# has_records COUNT TOPIC...: the topics together have at least COUNT records.
has_records() {
    [ "$(read_topic "${@:2}" | wc -l)" -ge "$1" ]
}

# produce TOPIC [OPTION]... <lines: writes them to a topic.
produce() {
    timeout 60 kcat-out -t "$@"
}

# produce_to PARTITION <lines: writes them to one partition of $topic.
produce_to() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p "$1"
}

# configure_topic TOPIC NAME=VALUE: its other settings return to their defaults.
configure_topic() {
    "$BUILD_DIR/tests/alter_topic" set "$@"
}

# read_offsets_topic FORMAT: what all groups have committed, also in transactions that are still open.
read_offsets_topic() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t __consumer_offsets -f "$1" \
        -X isolation.level=read_uncommitted 2>/dev/null
}

# group_has_committed GROUP TOPIC TIMES: the group has committed offsets of partitions at least TIMES
# times, its starting positions included.
group_has_committed() {
    local times
    times=$(read_offsets_topic '%k\n' | grep -ac "$1.*$2")
    [ "$times" -ge "$3" ]
}

# --- A file's own broker, for tests that kill it; teardown_file must call stop_own_kafka ---

own_kafka() {
    "$BATS_TEST_DIRNAME/broker/kafka" "$1" "$BATS_FILE_TMPDIR/kafka"
}

# Starts the file's own broker, or starts it again after a test has killed it. Sets BOOTSTRAP_SERVERS.
start_own_kafka() {
    local how=start

    if [ -e "$BATS_FILE_TMPDIR/kafka" ]; then
        how=restart
        ! kill -0 "$(<"$BATS_FILE_TMPDIR/kafka/pid")" 2>/dev/null || how="env"
    fi
    eval "$(own_kafka $how)"
}

stop_own_kafka() {
    own_kafka stop
}

# --- A filter whose input stays open ---

# start_fed COMMAND...: starts it with a pipe as stdin that write_to_feed writes to, until
# close_feed; stdout and stderr go to the files out and err. $pid is its process number.
start_fed() {
    mkfifo feed
    exec {feed}<>feed
    start "$@" <feed >out 2>err {feed}>&-
    pid=$!
    wait_until 10 has_caught_signals "$pid"
}

write_to_feed() {
    cat >&"$feed"
}

close_feed() {
    exec {feed}>&-
}

# Whether a program has its signal handlers in place: SIGTERM is bit 14. Before it is executed, its process is
# a copy of this shell, which has handlers too.
has_caught_signals() {
    local mask

    [ ! "/proc/$1/exe" -ef "$BASH" ] || return 1
    mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") && ((0x${mask:-0} & 1 << 14))
}

# Whether half a second has passed since a process handled a first SIGTERM or SIGINT. The next one is
# not caught.
has_let_go_of_signals() {
    ! has_caught_signals "$1"
}

# --- Faults and limits ---

# preload NAME PROGRAM: what LD_PRELOAD must be to put NAME.so before the program's calls. The runtime of
# the address sanitizer must be loaded first.
preload() {
    local asan

    asan=$(ldd "$(type -P "$2")" | awk '/libasan/ { print $3 }')
    echo "${asan:+$asan }$BUILD_DIR/$1.so"
}

# with_faults FAULTS COMMAND...: runs a command with faults of tests/faults.c, for at most a minute.
with_faults() {
    timeout 60 env FAULTS="$1" LD_PRELOAD="$(preload faults "$2")" "${@:2}"
}

# For tests that measure memory, of which the sanitizers need much.
skip_with_sanitizers() {
    [ -z "${SAN:-}" ] || skip "the sanitizers ($SAN) take memory of their own"
}

# Limits the memory of the commands that follow, in MiB.
limit_memory() {
    ulimit -v $(($1 * 1024))
}

# traced OPTION... COMMAND...: strace. LeakSanitizer itself traces the process, which only one can do.
traced() {
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace "$@"
}

# Skips the test if the packages of requirements.txt cannot be installed. With CI=true that is a failure.
need_python() {
    "$BATS_TEST_DIRNAME/python" -c '' 2>python.err && return
    [ "${CI:-}" = true ] || skip "$(<python.err)"
    cat python.err >&2
    return 1
}

need_strace() {
    strace -o /dev/null true 2>/dev/null && return
    [ "${CI:-}" = true ] || skip "strace is missing or not allowed here"
    echo "with CI=true strace must work" >&2
    return 1
}

# count_writes COMMAND...: runs it and puts the number of its writes to stdout into the file writes.
count_writes() {
    need_strace
    traced -f -e trace=write -e signal=none -o trace "$@"
    grep -c 'write(1,' trace >writes
}

# Makes the stage "perl slow", which passes each line on at once, but at most 4000 a second.
slow_stage() {
    cat >slow <<'END'
BEGIN { $| = 1 }
while (<STDIN>) {
    print;
    select undef, undef, undef, 0.01 if $. % 40 == 0;
}
END
}
