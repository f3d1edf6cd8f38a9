# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/loginpipe*.bats: topics, a supervisor in the background, and what it has handled.

# The settings of loginpipe, for topics of this test.
set_topics() {
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$topic-clean INSIGHTS_TOPIC=$topic-insights \
        REJECTS_TOPIC=$topic-rejects KAFKA_GROUP=$topic
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
