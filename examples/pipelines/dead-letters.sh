#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# dead-letters.sh [OPTION]... - sends rejected records back to the topic that they came from
#
# Options go to loginresend. For example, to send only those that lacked a locale, and to fill it in:
#
#   dead-letters.sh -j 'select(.field == "locale") | .raw |= (fromjson | .locale = "US" | tojson)'
#
# Each run sends the rejects that have come since the last run, once: one transaction has the messages
# and the offsets of the rejects. Records that are late would be late again, so they are not sent,
# unless -j says otherwise. A record that has been rejected five times is given up: it goes to the
# dead letters, where a person may look at it.
#
# The pipeline that makes the rejects must run with -J in each stage, since its rejects must say where
# their records came from. The topic of the dead letters must exist.
# ../systemd/login-resend.timer runs this script each hour.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC, REJECTS_TOPIC, DEAD_TOPIC, RESEND_GROUP
set -eu -o pipefail

kcat-in -G "${RESEND_GROUP:-login-dead-letters}" -t "${REJECTS_TOPIC:-login-rejects}" -e --marks --shard 0/1 |
    loginresend --rejects - -j 'select(.reject != "late")' "$@" |
    kcat-out -J --own-topic -t "${KAFKA_TOPIC:-user-login}" --route reject="${DEAD_TOPIC:-login-dead}" \
        --exactly-once
