// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/group_offsets.h"
#include "kafka/membership.h"

#define CALL_TIME 5000               // ms for one call, between checks for errors
#define FIRST_TIME 500               // ms for the first call to a coordinator
#define COMMIT_TIME (60 * MS_SECOND) // for a commit, with its retries
#define ABORT_TIME 5000              // ms
#define IDLE_COMMIT (30 * MS_SECOND) // between commits that change nothing

// The outcome of a call that can be retried.
enum answer { ANSWER_DONE, ANSWER_AGAIN, ANSWER_FAILED };

// Returns whether the group does not accept offsets from this member any more.
static bool is_evicted(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

// Returns what the result of a call means. `needs` is what the call needs. Frees the error.
static enum answer judge(struct transaction *t, const char *what, const struct client_needs *needs,
                         rd_kafka_error_t *take, struct err *err)
{
    struct client *client = t->client;

    rd_kafka_poll(client->rk, 0); // serves error and report callbacks
    if (take == NULL)
        return ANSWER_DONE;
    rd_kafka_resp_err_t code = rd_kafka_error_code(take);
    bool again = !rd_kafka_error_txn_requires_abort(take) && rd_kafka_error_is_retriable(take);
    if (client_is_fenced(code))
        client_fail_fenced(client);
    else if (is_evicted(code))
        client_fail(client, EX_TEMPFAIL,
                    "group %s: has given this pipeline's partitions to another member (%s); what "
                    "was not committed will be read there",
                    t->group, rd_kafka_err2name(code));
    else if (!again && client_is_final(code))
        client_fail_error(client, needs, code, "transaction: %s", what);
    else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        client_fail(client, EX_TEMPFAIL, "transaction: %s: %s", what, client->last_error);
    else if (!again)
        client_fail(client, client_error_status(code), "transaction: %s: %s", what,
                    rd_kafka_error_string(take));
    else
        log_debug("transaction: %s: %s", what, rd_kafka_error_string(take));
    rd_kafka_error_destroy(take);
    return client_check(client, err) != 0 ? ANSWER_FAILED : ANSWER_AGAIN;
}

static int timed_out(const char *what, int status, struct err *err)
{
    return err_set(err, status, "transaction: %s: no answer in time", what);
}

int transaction_open(struct transaction *t, struct err *err)
{
    static const char what[] = "initializing";
    int64_t deadline = time_monotonic() + t->client->wait;
    enum answer answer;

    do {
        answer = judge(t, what, &t->client->needs,
                       rd_kafka_init_transactions(t->client->rk, CALL_TIME), err);
    } while (answer == ANSWER_AGAIN && client_keep_trying(t->client, deadline));
    t->open = answer == ANSWER_DONE;
    if (t->open)
        client_alive(t->client);
    if (answer == ANSWER_AGAIN)
        return timed_out(what, EX_UNAVAILABLE, err);
    return answer == ANSWER_DONE ? 0 : -1;
}

// Notes what is needed to read or commit the offsets of a mark's partitions.
static void note_needs(struct transaction *t, const struct mark *mark)
{
    buf_clear(&t->topics);
    for (size_t i = 0; i < mark->at_count; i++) {
        if (i == 0 || strcmp(mark->at[i].topic, mark->at[i - 1].topic) != 0)
            client_add_topic(&t->topics, mark->at[i].topic);
    }
    buf_putc(&t->topics, '\0');
    t->needs = (struct client_needs){.right = "READ",
                                     .topics = t->topics.data,
                                     .group = t->group,
                                     .transactional_id = t->client->needs.transactional_id};
}

// Reads the offsets of a mark's partitions, with a client that stays open for the next time. Tries
// again while an open transaction includes them. Returns NULL with *err set after a failure.
static rd_kafka_topic_partition_list_t *ask_committed(struct transaction *t,
                                                      const struct mark *partitions,
                                                      int64_t deadline, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = group_offsets_partitions(partitions);
    struct client *reader = &t->reader;
    rd_kafka_resp_err_t code;
    int time = FIRST_TIME;

    do {
        code = group_offsets_read_unsubscribed(reader, list, time);
        time = CALL_TIME;
        rd_kafka_poll(reader->rk, 0); // serves error callbacks
        rd_kafka_poll(t->client->rk, 0);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && !client_is_refused(code) &&
             client_keep_trying(reader, deadline) && client_keep_trying(t->client, deadline));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return list;
    rd_kafka_topic_partition_list_destroy(list);
    if (client_check(t->client, err) == 0 && client_check(reader, err) == 0)
        client_error(err, &t->needs, code, EX_TEMPFAIL, "group %s: cannot read its offsets",
                     t->group);
    return NULL;
}

// Fails if the group's offsets differ from the start of the stream. A partition without an offset
// is not a difference: if another pipeline had committed one meanwhile, the mark committed last
// would not be the one from which the hello mark continues.
static int compare(const struct transaction *t, const struct mark *hello, const struct mark *found,
                   struct err *err)
{
    for (size_t i = 0; i < hello->at_count; i++) {
        const struct mark_at *at = &hello->at[i];
        int64_t offset = mark_offset(found, at->topic, at->partition);
        if (offset >= 0 && offset != at->offset)
            return err_set(err, EX_TEMPFAIL,
                           "group %s: another pipeline has committed meanwhile: %s [%d] is "
                           "committed up to %lld, and this stream begins at %lld",
                           t->group, at->topic, (int)at->partition, (long long)offset,
                           (long long)at->offset);
    }
    if (hello->from[0] != '\0' && found->at_count < hello->at_count && found->run[0] == '\0')
        return err_set(err, EX_CONFIG,
                       "group %s: the offsets from which this stream continues are gone: the topic "
                       "or the group was deleted; start again to read what is there now as a new "
                       "group, or set the group's offsets first",
                       t->group);
    // The offsets are the same, but a later mark may have closed windows.
    if (found->seq != hello->seq || strcmp(found->run, hello->from) != 0)
        return err_set(err, EX_TEMPFAIL,
                       "group %s: another pipeline has committed meanwhile: mark %llu of run %s is "
                       "committed, and this stream continues from mark %llu of run %s",
                       t->group, (unsigned long long)found->seq,
                       found->run[0] == '\0' ? "none" : found->run, (unsigned long long)hello->seq,
                       hello->from[0] == '\0' ? "none" : hello->from);
    return 0;
}

int transaction_begin(struct transaction *t, struct err *err)
{
    if (t->begun)
        return 0;
    if (judge(t, "beginning", &t->client->needs, rd_kafka_begin_transaction(t->client->rk), err) !=
        ANSWER_DONE)
        return client_check(t->client, err) != 0 ? -1 : timed_out("beginning", EX_TEMPFAIL, err);
    t->begun = true;
    return 0;
}

rd_kafka_resp_err_t transaction_cause(const struct transaction *t, rd_kafka_resp_err_t code)
{
    if (!t->begun)
        return code;
    // In a transaction that has failed, each call returns the error that it failed with.
    rd_kafka_error_t *error = rd_kafka_begin_transaction(t->client->rk);
    if (error == NULL)
        return code;
    if (rd_kafka_error_txn_requires_abort(error) || rd_kafka_error_is_fatal(error))
        code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

bool transaction_has_work(const struct transaction *t, const struct mark *mark)
{
    return t->begun || !mark_same_position(mark, &t->committed) ||
           (mark->at_count > 0 && time_monotonic() >= t->committed_at + IDLE_COMMIT);
}

static int send_offsets(struct transaction *t, const struct mark *mark, int64_t deadline,
                        struct err *err)
{
    rd_kafka_topic_partition_list_t *list = group_offsets_of_mark(mark);
    enum answer answer;

    do {
        answer = judge(
            t, "offsets", &t->needs,
            rd_kafka_send_offsets_to_transaction(t->client->rk, list, t->member, CALL_TIME), err);
    } while (answer == ANSWER_AGAIN && time_monotonic() < deadline);
    rd_kafka_topic_partition_list_destroy(list);
    if (answer == ANSWER_AGAIN)
        return timed_out("offsets", EX_TEMPFAIL, err);
    return answer == ANSWER_DONE ? 0 : -1;
}

// Fails if another pipeline has committed for the same partitions since this one did, or if the
// offsets are gone. The transactional id fences only pipelines that have the same name.
static int check_still_ours(struct transaction *t, const struct mark *mark, int64_t deadline,
                            struct err *err)
{
    static const struct group_allowed nothing = {.run = NULL};

    if (t->shared || mark->at_count == 0) // the broker fences a member
        return 0;
    rd_kafka_topic_partition_list_t *found = ask_committed(t, mark, deadline, err);
    if (found == NULL)
        return -1;
    int status = group_known_compare(&t->known, t->group, &nothing, found, err);
    rd_kafka_topic_partition_list_destroy(found);
    return status;
}

int transaction_commit(struct transaction *t, const struct mark *mark, struct err *err)
{
    int64_t deadline = time_monotonic() + COMMIT_TIME;
    enum answer answer;

    if (!mark_same_partitions(mark, &t->committed))
        return err_set(err, EX_DATAERR, "mark %llu: its partitions differ from those of the stream",
                       (unsigned long long)mark->seq);
    if (transaction_begin(t, err) != 0 || check_still_ours(t, mark, deadline, err) != 0 ||
        send_offsets(t, mark, deadline, err) != 0)
        return -1;
    do {
        answer = judge(t, "commit", &t->client->needs,
                       rd_kafka_commit_transaction(t->client->rk, CALL_TIME), err);
    } while (answer == ANSWER_AGAIN && time_monotonic() < deadline);
    if (answer == ANSWER_AGAIN)
        return timed_out("commit", EX_TEMPFAIL, err);
    if (answer == ANSWER_FAILED)
        return -1;
    t->begun = false;
    if (!t->shared)
        group_known_set_mark(&t->known, mark);
    mark_copy(&t->committed, mark);
    t->committed_at = time_monotonic();
    return 0;
}

// Commits the offsets where a group starts, before its first record is committed. So a run after a
// crash starts there too, even if the start was given as "end".
static int commit_beginning(struct transaction *t, const struct mark *hello,
                            const struct mark *found, struct err *err)
{
    struct mark beginning = MARK_INIT;

    if (found->at_count == hello->at_count)
        return 0;
    mark_copy(&beginning, hello);
    if (hello->from[0] != '\0') // the group's position is still that of the earlier run
        memcpy(beginning.run, hello->from, sizeof beginning.run);
    int status = transaction_commit(t, &beginning, err);
    mark_release(&beginning);
    return status;
}

// Compares the group's offsets with the start of the stream.
static int check_start(struct transaction *t, const struct mark *hello, struct err *err)
{
    struct mark found = MARK_INIT;
    rd_kafka_topic_partition_list_t *list =
        ask_committed(t, hello, time_monotonic() + t->client->wait, err);

    if (list == NULL)
        return -1;
    group_known_set(&t->known, list);
    group_offsets_take(list, &found);
    rd_kafka_topic_partition_list_destroy(list);
    int status = compare(t, hello, &found, err);
    if (status == 0)
        status = commit_beginning(t, hello, &found, err);
    mark_release(&found);
    return status;
}

int transaction_check(struct transaction *t, const struct mark *hello, struct err *err)
{
    t->group = xstrdup(hello->group);
    t->shared = hello->shard == NULL;
    t->member = rd_kafka_consumer_group_metadata_new(t->group);
    note_needs(t, hello);
    mark_copy(&t->committed, hello);
    t->committed_at = time_monotonic();
    if (hello->at_count == 0) // shared partitions, or a share in which there are none yet
        return 0;
    if (group_offsets_open(&t->reader, t->options, t->group, err) != 0)
        return -1;
    client_alive(&t->reader); // the producer's connection has shown that the listener fits
    return check_start(t, hello, err);
}

int transaction_assign(struct transaction *t, const struct mark *assign, struct err *err)
{
    rd_kafka_consumer_group_metadata_t *member =
        assign->member == NULL ? NULL : membership_read(assign->member);

    if (!t->shared || member == NULL)
        return err_set(err, EX_DATAERR, "mark %llu: %s", (unsigned long long)assign->seq,
                       t->shared ? "its member is missing or wrong"
                                 : "assigns partitions, but the stream has fixed ones");
    rd_kafka_consumer_group_metadata_destroy(t->member);
    t->member = member;
    mark_copy(&t->committed, assign);
    t->committed_at = time_monotonic();
    note_needs(t, assign);
    return 0;
}

void transaction_release(struct transaction *t)
{
    rd_kafka_error_t *error;

    if (t->begun && t->client->rk != NULL) {
        error = rd_kafka_abort_transaction(t->client->rk, ABORT_TIME);
        if (error != NULL) { // then the broker, or the next producer with this id, aborts it
            log_debug("transaction: abort: %s", rd_kafka_error_string(error));
            rd_kafka_error_destroy(error);
        }
    }
    t->begun = false;
    client_release(&t->reader);
    group_known_release(&t->known);
    if (t->member != NULL)
        rd_kafka_consumer_group_metadata_destroy(t->member);
    t->member = NULL;
    mark_release(&t->committed);
    buf_release(&t->topics);
    free(t->group);
    t->group = NULL;
}
