#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# batch-duplicates.sh [OPTION]... - what is there more than once in 500 logins, or in 30 seconds
#
#   {"batch":1,"ts_min":1694476800,"ts_max":1694476829,"fields":["user_id","ip"],"groups":2,...}
#
# A batch takes the records in the order in which they come, and ends with the 500th, or before one
# that would make its times 30 seconds or more apart: ts_min and ts_max say which these were. It is
# the time of the records that counts, so the same topic gives the same batches, however fast it is
# read. The order in which several partitions are read is not always the same; for batches that
# are, read one: kcat-in -p 0.
#
# Without -e it would go on with what comes. Options go to loginagg:
#
#   batch-duplicates.sh --duplicates user_id,device_id --top 3
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e |
    loginclean |
    loginagg -w 500n,30s --every 0 "$@" |
    jq -c --unbuffered -f "$jq/batches.jq"
