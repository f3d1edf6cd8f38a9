#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# resend-rejects.sh [OPTION]... - tries rejected records again, after the rules were changed
#
# Options go to loginclean. When records without a locale shall be good from now on:
#
#   resend-rejects.sh --optional locale
#
# What is good now goes to the processed records, once: the rejects are read by a consumer group,
# so the next run goes on after them. What is still bad goes back to the end of the rejects, for the
# run after the next change. Insights are not made: those of a few records would replace the right
# ones, which have the same keys.
#
# Environment: BOOTSTRAP_SERVERS, PROCESSED_TOPIC, REJECTS_TOPIC, RESEND_GROUP
set -eu -o pipefail

rejects=${REJECTS_TOPIC:-login-rejects}
jq=$(dirname -- "$0")/../jq

kcat-in -G "${RESEND_GROUP:-login-resend}" -t "$rejects" -e --jq-file "$jq/raw-records.jq" |
    loginclean --rejects - "$@" |
    kcat-out -t "${PROCESSED_TOPIC:-processed-logins}" --route reject="$rejects" --key user_id
