# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginpipe*.bats: topics, loginpipe in the background, and the events it has handled.

# The settings of loginpipe, for topics of this test.
set_topics() {
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$topic-clean INSIGHTS_TOPIC=$topic-insights \
        REJECTS_TOPIC=$topic-rejects PARTIALS_TOPIC=$topic-partials KAFKA_GROUP=$topic STATE_DIR=$PWD/state
}

# Files that need no Kafka have a setup of their own.
setup() {
    begin
    need_kafka
    set_topics
}

# make_topics PARTITIONS COUNT: creates the topics, with COUNT login events in the first.
make_topics() {
    create_topic "$topic" "$1"
    for name in "$PROCESSED_TOPIC" "$INSIGHTS_TOPIC" "$REJECTS_TOPIC" "$PARTIALS_TOPIC"; do
        create_topic "$name"
    done
    logingen -n "$2" --bad 10 | produce "$topic"
}

# Starts loginpipe in the background; $pid is its process number.
start_loginpipe() {
    start loginpipe "$@" 2>>log
    pid=$!
}

# stage NAME: the process number of a stage.
stage() {
    pgrep -P "$pid" -x "$1"
}

# has_stages PID: this process runs its stages; a merger has no loginclean.
has_stages() {
    [ "$(pgrep -P "$1" -x 'kcat-in|loginagg|kcat-out' | wc -l)" -eq 3 ]
}

# members: the process numbers of the members, in order. The merger is the last one.
members() {
    pgrep -P "$pid" -x loginpipe
}

# has_members COUNT: so many members run all their stages.
has_members() {
    local member members
    read -ra members <<<"$(members | xargs)"
    [ ${#members[@]} -eq "$1" ] || return
    for member in "${members[@]}"; do
        has_stages "$member" || return
    done
}

# start_workers COUNT: starts so many workers and a merger; $pid is the number of their supervisor.
start_workers() {
    start_loginpipe -n "$1"
    wait_until 20 has_members $(($1 + 1))
}

# has_handled COUNT: the output topics have at least COUNT clean records and rejects.
has_handled() {
    has_records "$1" "$PROCESSED_TOPIC" "$REJECTS_TOPIC"
}

# has_cleaned COUNT: the output topic has at least COUNT different clean records. After a kill, some
# are there twice.
has_cleaned() {
    [ "$(read_topic "$PROCESSED_TOPIC" | sort -u | wc -l)" -ge "$1" ]
}

# Whether no process with this test's topic in its arguments is left.
all_are_gone() {
    ! pgrep -f "$topic" >/dev/null
}

# assert_handled COUNT: each of the first COUNT events of logingen is in one output topic, once.
assert_handled() {
    logingen -n "$1" --bad 10 | loginclean --rejects expected.rejects | sort >expected
    read_topic "$PROCESSED_TOPIC" | sort | cmp - expected
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" "$(wc -l <expected.rejects)"
    rm expected.rejects
}
