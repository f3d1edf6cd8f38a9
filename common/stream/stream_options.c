// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream_options.h"

#include "json/json.h"
#include "stream/filter_pool.h"

const struct opt stream_opts[] = {
    OPT_FLAG("envelope", 'J', struct stream_options, envelope,
             "lines are envelopes: messages with key, headers and time"),
    OPT_STRING("jq", 'j', "EXPR", struct stream_options, filter.program,
               "a jq program, run on each record as it enters"),
    OPT_STRING("jq-file", 0, "FILE", struct stream_options, filter.file, "the same, from a file"),
    OPT_PAIRS("arg", 0, "NAME VALUE", struct stream_options, filter.arg,
              "$NAME in the jq program is the string VALUE"),
    OPT_PAIRS("argjson", 0, "NAME JSON", struct stream_options, filter.argjson,
              "$NAME in the jq program is the value JSON"),
    OPT_COUNT("jobs", 0, "N", struct stream_options, jobs, 1,
              "run the jq program in N threads; not in kcat-in (default 1)"),
    OPT_STRING("rejects", 0, "DEST", struct stream_options, rejects,
               "append rejects to a file, or - for stdout (default stderr)"),
    OPT_STRING("stats", 0, "FILE", struct stream_options, stats,
               "append the ledger at exit and on SIGUSR1; - for stderr"),
    OPT_STRING("metrics", 0, "FILE", struct stream_options, metrics,
               "write figures for Prometheus every ten seconds"),
    OPT_FLAG("progress", 0, struct stream_options, progress,
             "show on a terminal how much is done, and the time left"),
    OPT_SIZE("max-line", 0, "BYTES", struct stream_options, max_line, 1,
             "reject longer records (default 16M)"),
};
const size_t stream_opt_count = sizeof stream_opts / sizeof *stream_opts;

const struct opt_library stream_libraries[] = {
    {"libjq", filter_version}, {"simdjson", json_version}, {NULL, NULL}};

bool stream_options_have_filter(const struct stream_options *o)
{
    return o->filter.program != NULL || o->filter.file != NULL;
}

int stream_options_check(const struct stream_options *o, bool is_source, struct err *err)
{
    if (o->filter.program != NULL && o->filter.file != NULL)
        return err_set(err, EX_USAGE, "--jq, --jq-file: only one of them can be given");
    if (!stream_options_have_filter(o)) {
        if (o->filter.arg.count + o->filter.argjson.count > 0)
            return err_set(err, EX_USAGE, "--arg, --argjson: need --jq or --jq-file");
        return o->jobs == 0 ? 0 : err_set(err, EX_USAGE, "--jobs: needs --jq or --jq-file");
    }
    if (o->jobs > FILTER_POOL_JOBS_MAX)
        return err_set(err, EX_USAGE, "--jobs: '%llu' is above %d", (unsigned long long)o->jobs,
                       FILTER_POOL_JOBS_MAX);
    if (o->jobs > 0 && is_source)
        return err_set(err, EX_USAGE, "--jobs: filter in the next stage, which can use threads");
    return 0;
}
