#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# batch-duplicates.sh [OPTION]... - finds duplicates in batches of 500 logins or 30 seconds
#
#   {"batch":1,"ts_min":1694476800,"ts_max":1694476829,"first":"2023-09-12T00:00:00Z",
#    "last":"2023-09-12T00:00:29Z","fields":["user_id","ip"],"groups":2,...}
#
# A batch takes records in the order in which they arrive. It ends with the 500th record, or before
# a record that would make its times 30 seconds or more apart. ts_min and ts_max, first and last are
# its lowest and highest time. Only the times of the records count, so the batches do not depend on how fast the
# topic is read. They do depend on the order in which several partitions are read, which varies. For
# batches that are always the same, read a single partition with kcat-in -p 0.
#
# The -e below stops kcat-in at the present end of the topic. Without it, the script would wait for
# more records. Options go to loginagg:
#
#   batch-duplicates.sh --duplicates user_id,device_id --top 3
#   batch-duplicates.sh --each    (all duplicates, one on each line)
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e |
    loginclean |
    loginagg -w 500n,30s --every 0 "$@" |
    jq -c --unbuffered -f "$jq/batches.jq"
