#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# resend-rejects.sh [OPTION]... - tries rejected records again after a change of the rules
#
# Options go to loginclean. For example, to accept records without a locale from now on:
#
#   resend-rejects.sh --optional locale
#
# Records that are valid now go to the processed records, once: one transaction has them and the
# offsets of the rejects, so the next run continues after them. Records that are still invalid go
# back to the end of the rejects, and the next run tries them again. The script makes no insights, since the insights of a
# few records would replace the right ones, which have the same keys.
#
# Environment: BOOTSTRAP_SERVERS, PROCESSED_TOPIC, REJECTS_TOPIC, RESEND_GROUP
set -eu -o pipefail

rejects=${REJECTS_TOPIC:-login-rejects}
jq=$(dirname -- "$0")/../jq

kcat-in -G "${RESEND_GROUP:-login-resend}" -t "$rejects" -e --marks --shard 0/1 \
    --jq-file "$jq/raw-records.jq" |
    loginclean --rejects - "$@" |
    kcat-out -t "${PROCESSED_TOPIC:-processed-logins}" --route reject="$rejects" --key user_id \
        --exactly-once
