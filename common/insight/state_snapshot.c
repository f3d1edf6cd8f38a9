// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insight/snapshot_codec.h"

static void put_head(struct snapshot_writer *out, const struct state_head *head)
{
    const struct mark *mark = &head->mark;

    snapshot_put_bytes(out, head->options, head->options_len);
    snapshot_put_num(out, head->marked);
    snapshot_put_num(out, head->accepted);
    snapshot_put_num(out, head->committed);
    snapshot_put_num(out, mark->at_count);
    for (size_t i = 0; i < mark->at_count; i++) {
        snapshot_put_bytes(out, mark->at[i].topic, strlen(mark->at[i].topic));
        snapshot_put_num(out, (uint64_t)mark->at[i].partition);
        snapshot_put_num(out, (uint64_t)mark->at[i].offset);
    }
}

static void get_at(struct mark *mark, struct snapshot_reader *in)
{
    char *topic = snapshot_get_name(in);
    uint64_t partition = snapshot_get_num(in), offset = snapshot_get_num(in);

    if (partition > INT32_MAX || offset > INT64_MAX)
        snapshot_refuse(in);
    if (!in->overrun)
        mark_add_at(mark, topic, (int32_t)partition, (int64_t)offset);
    free(topic);
}

void state_head_get(struct state_head *head, struct snapshot_reader *in)
{
    *head = (struct state_head){.mark = MARK_INIT};
    head->options = snapshot_get_bytes(in, &head->options_len);
    head->marked = snapshot_get_num(in) != 0;
    head->accepted = snapshot_get_num(in);
    head->committed = snapshot_get_num(in);
    size_t count = snapshot_get_count(in, 3);
    for (size_t i = 0; i < count && !in->overrun; i++)
        get_at(&head->mark, in);
}

int state_snapshot_write(const struct snapshot_dir *dir, const char *name,
                         const struct state_head *head, struct windows *w, struct err *err)
{
    struct snapshot_writer out;

    snapshot_write_begin(dir, name, &out);
    put_head(&out, head);
    snapshot_codec_save(w, &out);
    return snapshot_write_end(dir, &out, err);
}

// The child. Its exit status is 0 or an errno.
static _Noreturn void write_as_child(pid_t parent, const struct snapshot_dir *dir, const char *name,
                                     const struct state_head *head, struct windows *w)
{
    struct err err;

    // If the parent has died already, no signal comes.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(ESRCH);
    // The neighbours in the pipe wait for the end of the parent, not of this process.
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    int status = state_snapshot_write(dir, name, head, w, &err);
    _exit(status == 0 ? 0 : errno);
}

bool state_job_start(struct state_job *job, const struct snapshot_dir *dir, const char *name,
                     const struct state_head *head, struct windows *w)
{
    pid_t parent = getpid();

    batch_settle(&w->batch);
    pid_t pid = fork();
    if (pid == 0)
        write_as_child(parent, dir, name, head, w);
    if (pid < 0)
        return false;
    *job = (struct state_job){.pid = pid};
    snprintf(job->name, sizeof job->name, "%s", name);
    return true;
}

enum state_job_status state_job_check(struct state_job *job, bool wait,
                                      const struct snapshot_dir *dir, struct err *err)
{
    int status;
    pid_t ended;

    if (job->pid == 0)
        return STATE_JOB_NONE;
    do
        ended = waitpid(job->pid, &status, wait ? 0 : WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended == 0)
        return STATE_JOB_RUNNING;
    job->pid = 0;
    if (ended < 0 || !WIFEXITED(status))
        return STATE_JOB_KILLED;
    if (WEXITSTATUS(status) == 0)
        return STATE_JOB_DONE;
    errno = WEXITSTATUS(status);
    snapshot_fail(dir, EX_IOERR, job->name, err);
    return STATE_JOB_FAILED;
}
