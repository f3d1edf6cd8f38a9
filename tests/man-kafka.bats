#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The examples of the manual pages and of README.md for a real Kafka.
#
# bats file_tags=kafka

load helpers
load man

@test "the examples for a real Kafka work" {
    local file
    need_kafka
    SUFFIX=-$RANDOM
    create_topic "user-login$SUFFIX" 4
    create_topic "login-insights$SUFFIX"
    prepare
    for file in "$MAN"/*.[157] "$TOP/README.md"; do
        if has_examples kafka "$file"; then
            run_examples kafka "$file"
        fi
    done
}
