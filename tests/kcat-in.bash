# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/kcat-in*.bats: a topic and a group for each test.

setup() {
    begin
    need_kafka
    group=g-$topic
}

# make_topic PARTITIONS COUNT: fills $topic with the numbers from 1.
make_topic() {
    seq "$2" | produce "$topic" --create="$1"
}
