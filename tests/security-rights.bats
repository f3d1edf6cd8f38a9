#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The table of rights in loginpipe(7): each role works with its rights, and without any one of them it fails and names
# it. The tests read the table from the page.
#
# bats file_tags=kafka,long

load helpers
load security

# Prints the table as lines such as "kcat-in -G|READ|group GROUP".
rights_table() {
    awk -F ' Ta ' '/^\.Sh / { here = $0 == ".Sh RIGHTS" }
        here && /^\.It / && !/Sy role/ {
            sub(/^\.It /, "")
            if ($1 != "\"\"")
                role = $1
            print role "|" $2 "|" $3
        }' "$BATS_TEST_DIRNAME/../man/loginpipe.7"
}

# Names the topics and the group of an attempt: those of loginpipe too.
name_resources() {
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$out-processed INSIGHTS_TOPIC=$out-insights REJECTS_TOPIC=$out-rejects \
        PARTIALS_TOPIC=$out-partials KAFKA_GROUP=$group STATE_DIR=$PWD/state
}

# resource WORDS: "topic INPUT" with the names of this test, as broker/acl takes it.
resource() {
    local words=$1
    words=${words/transactional id/transactional-id}
    words=${words/INPUT/$topic}
    words=${words/OUTPUT/$out}
    words=${words/PROCESSED/$PROCESSED_TOPIC}
    words=${words/INSIGHTS/$INSIGHTS_TOPIC}
    words=${words/REJECTS/$REJECTS_TOPIC}
    words=${words/PARTIALS/$PARTIALS_TOPIC}
    echo "${words/GROUP/$group}"
}

# change_rights allow|take [LEFT-OUT]: gives $me the rights of $rows, or takes them, but for the row of this number.
change_rights() {
    local row right text words=()
    for row in "${!rows[@]}"; do
        IFS='|' read -r _ right text <<<"${rows[row]}"
        [ "$row" = "${2:-}" ] || words+=("," "$me" "$right $(resource "$text")")
    done
    [ ${#words[@]} -eq 0 ] || "$BATS_TEST_DIRNAME/broker/acl" "$1" "${words[@]:1}"
}

# needs_each_right ROLE COMMAND...: the command succeeds with the role's rights, and fails without any one of them.
needs_each_right() {
    local rows i right text
    mapfile -t rows < <(rights_table | grep "^$1|")
    [ ${#rows[@]} -gt 0 ]
    for i in "${!rows[@]}" all; do
        prepare "$i"
        name_resources
        change_rights allow "$i"
        status=0
        "${@:2}" >stdout 2>stderr || status=$?
        if [ "$i" = all ]; then
            assert_eq "$status: $(<stderr)" '0: '
        else
            IFS='|' read -r _ right text <<<"${rows[i]}"
            is_named "$right" "$(resource "$text")"
        fi
        change_rights take "$i"
    done
}

# is_named RIGHT RESOURCE: the tool has failed with 77, and has named the right. A check names the one that the tool
# itself would need.
is_named() {
    local what=${2/transactional-id/transactional id} right=${1/DESCRIBE/(DESCRIBE|READ|WRITE)}
    assert_match "$status: $(grep -h 'not authorized' stderr stdout)" \
        "^77: .*: not authorized: needs $right on ${what%\*}"
}

# Called before each attempt, which may need names of its own.
prepare() {
    :
}

# Creates the topics of loginpipe, and fills the first one.
make_login_topics() {
    name_resources
    for name in "$topic" "$PROCESSED_TOPIC" "$INSIGHTS_TOPIC" "$REJECTS_TOPIC" "$PARTIALS_TOPIC"; do
        create_topic "$name"
    done
    logingen -n 100 --bad 10 | produce "$topic"
}

# pipeline [OPTION]...: runs loginpipe as $me, until all records have been read.
pipeline() {
    (umask 077 && cat >settings-pipeline <<END
sasl.password=$me-secret
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.username=$me
END
    )
    KCAT_CONFIG=settings-pipeline BOOTSTRAP_SERVERS=$KAFKA_SASL KCAT_IN_OPTS=-e MERGE_IN_OPTS=-e LOG_LEVEL=error \
        timeout 40 loginpipe --once "$@"
}

# --- Reading ---

@test "kcat-in" {
    make_topics
    needs_each_right kcat-in login kcat-in -e "$topic"
    assert_eq "$(wc -l <stdout)" 100
}

@test "kcat-in -G" {
    make_topics
    needs_each_right "kcat-in -G" login kcat-in -e -G "$group" "$topic"
    assert_eq "$(wc -l <stdout)" 100
    # It has committed.
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

@test "kcat-in -G --shard --acks" {
    make_topics
    mkfifo acks
    needs_each_right "kcat-in -G --shard --acks" acked_pipe
    assert_eq "$(read_topic "$out" | wc -l)" 100
    assert_eq "$(read_topic "$topic" -G "$group")" ''
}

# The sink has all rights. Its status and messages do not count.
acked_pipe() {
    set -o pipefail
    login kcat-in -e -G "$group" --shard 0/1 --acks acks "$topic" | (kcat-out --acks acks -t "$out" 2>sink || true)
}

@test "kcat-in -G --shard --marks" {
    make_topics
    needs_each_right "kcat-in -G --shard --marks" login kcat-in -e -G "$group" --shard 0/1 --marks "$topic"
    assert_eq "$(loginmarks --strip <stdout | wc -l)" 100
}

@test "kcat-in -G --marks" {
    make_topics
    needs_each_right "kcat-in -G --marks" elastic_pipe
    assert_eq "$(read_topic "$out" | wc -l)" 100
}

elastic_pipe() {
    set -o pipefail
    login kcat-in -e -G "$group" --marks "$topic" | (kcat-out --exactly-once -t "$out" 2>sink || true)
}

# --- Writing ---

@test "kcat-out" {
    make_topics
    needs_each_right kcat-out write_one
    assert_eq "$(read_topic "$out")" 1
}

write_one() {
    login kcat-out -t "$out" <<<1
}

@test "kcat-out --acks" {
    make_topics
    mkfifo acks
    needs_each_right "kcat-out --acks" sink_of_acks
    assert_eq "$(read_topic "$out" | wc -l)" 100
}

sink_of_acks() {
    set -o pipefail
    (kcat-in -e -G "$group" --shard 0/1 --acks acks "$topic" 2>source || true) | login kcat-out --acks acks -t "$out"
}

@test "kcat-out --create" {
    prepare() {
        out=$(fresh_topic "new$1")
    }
    needs_each_right "kcat-out --create" create_and_write
    assert_eq "$(read_topic "$out")" 1
}

create_and_write() {
    login kcat-out -t "$out" --create <<<1
}

@test "kcat-out --exactly-once" {
    make_topics
    kcat-in -e -G "$group" --shard 0/1 --marks "$topic" >stream
    needs_each_right "kcat-out --exactly-once" sink_of_stream
    assert_eq "$(read_topic "$out" | wc -l)" 100
}

sink_of_stream() {
    login kcat-out --exactly-once -t "$out" <stream
}

@test "DESCRIBE_CONFIGS or batch.size lets kcat-out write to a topic that takes small batches only" {
    create_topic "$out"
    configure_topic "$out" max.message.bytes=20000
    jq -nc 'range(100) | {n: ., text: ("x" * 1000)}' >lines
    allow WRITE topic "$out"
    # Without them, lines become rejects.
    login kcat-out -t "$out" --rejects rejects <lines
    assert_eq "$(($(wc -l <rejects) + $(read_topic "$out" | wc -l)))" 100
    create_topic "$out-2"
    configure_topic "$out-2" max.message.bytes=20000
    allow WRITE topic "$out-2"
    login kcat-out -t "$out-2" -X batch.size=15000 --rejects none <lines
    allow DESCRIBE_CONFIGS topic "$out-2"
    login kcat-out -t "$out-2" --rejects none <lines
    assert_eq "$(<none)" ''
    read_topic "$out-2" | cmp - <(cat lines lines)
}

# --- Pipelines ---

@test "loginpipe" {
    make_login_topics
    needs_each_right loginpipe pipeline
    assert_eq "$(read_topic "$PROCESSED_TOPIC" "$REJECTS_TOPIC" | wc -l)" 100
}

@test "loginpipe, exactly once" {
    make_login_topics
    export DELIVERY=exactly-once
    needs_each_right "loginpipe, exactly once" pipeline
    assert_eq "$(read_topic "$PROCESSED_TOPIC" "$REJECTS_TOPIC" | wc -l)" 100
}

@test "worker and merger" {
    make_login_topics
    ROLE=worker needs_each_right worker pipeline
    assert_eq "$(read_topic "$PROCESSED_TOPIC" "$REJECTS_TOPIC" | wc -l)" 100
    ROLE=merge needs_each_right merger pipeline
    assert_eq "$(read_topic "$INSIGHTS_TOPIC" | jq -r 'select(.insight == "logins").logins' | tail -n 1)" \
        "$(read_topic "$PROCESSED_TOPIC" | wc -l)"
}

# --- Listings and checks ---

@test "kcat-in -L" {
    make_topics
    read_topic "$topic" -G "$group" >/dev/null # so that the group exists
    needs_each_right "kcat-in -L -G" login kcat-in -L -G "$group" "$topic"
}

@test "kcat-in --check, kcat-out --check and loginpipe --check" {
    make_topics
    needs_each_right "kcat-in --check" login kcat-in --check -G "$group" "$topic"
    needs_each_right "kcat-out --check" login kcat-out --check -t "$out"
    make_login_topics
    needs_each_right "loginpipe --check" pipeline --check
}

@test "each role of the table has a test" {
    rights_table | cut -d '|' -f 1 | sort -u >roles
    [ "$(wc -l <roles)" -ge 10 ]
    while IFS= read -r role; do
        grep -qE "needs_each_right \"?$role\"? " "$BATS_TEST_FILENAME" || {
            echo "no test: $role" >&2
            return 1
        }
    done <roles
}
