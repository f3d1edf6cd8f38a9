// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-broker: an in-memory Kafka broker for demos and quick tests. It is the mock cluster that
// librdkafka uses in its own tests. All data is lost when it ends. Its limits:
//
// - it keeps the newest 5 MiB of each partition, and silently drops older records;
// - it accepts transactions, but shows aborted records as if they were committed;
// - it has no CreateTopics request: a topic not given by -t is created with 4 partitions when a
//   producer or a consumer first asks for it;
// - the first member of a consumer group waits 3 seconds for others before it gets partitions.

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/child.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"

#define PARTITIONS_DEFAULT 4
#define PARTITIONS_MAX 10000
#define BROKERS_MAX 100
#define TOPIC_NAME_MAX 249 // Kafka's own limit

struct options {
    struct opt_list topics; // TOPIC[:PARTITIONS]
    uint64_t brokers;
};

struct broker {
    rd_kafka_t *handle; // the client that owns the mock cluster and does nothing else
    rd_kafka_mock_cluster_t *cluster;
    int replicas;
};

static const struct opt options_table[] = {
    OPT_LIST("topic", 't', "TOPIC[:N]", struct options, topics,
             "create a topic with N partitions (default 4)"),
    OPT_COUNT("brokers", 0, "N", struct options, brokers, 1,
              "number of brokers in the cluster (default 1)"),
};

// These messages of librdkafka are about the mock cluster, not about the user's work.
static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level;
    log_debug("%s: %s", facility, text);
}

static int broker_start(struct broker *b, int brokers, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];

    *b = (struct broker){.replicas = brokers < 3 ? brokers : 3};
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (log_level() >= LOG_DEBUG)
        rd_kafka_conf_set(conf, "debug", "mock", reason, sizeof reason);
    b->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (b->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_UNAVAILABLE, "cannot start: %s", reason);
    }
    b->cluster = rd_kafka_mock_cluster_new(b->handle, brokers);
    if (b->cluster == NULL) {
        rd_kafka_destroy(b->handle);
        return err_set(err, EX_UNAVAILABLE, "cannot start: no socket to listen on");
    }
    return 0;
}

static void broker_stop(struct broker *b)
{
    rd_kafka_mock_cluster_destroy(b->cluster);
    rd_kafka_destroy(b->handle);
}

// Creates TOPIC[:PARTITIONS]. The name must be valid in Kafka.
static int broker_create_topic(struct broker *b, const char *spec, struct err *err)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strspn(spec, legal);
    uint64_t partitions = PARTITIONS_DEFAULT;
    char name[TOPIC_NAME_MAX + 1];

    if (len == 0 || len > TOPIC_NAME_MAX || (spec[len] != ':' && spec[len] != '\0'))
        return err_set(err, EX_USAGE, "--topic: '%s' is not TOPIC or TOPIC:PARTITIONS", spec);
    if (spec[len] == ':' && (number_parse(spec + len + 1, 1000, &partitions) != 0 ||
                             partitions < 1 || partitions > PARTITIONS_MAX))
        return err_set(err, EX_USAGE, "--topic: '%s' is not a number of partitions from 1 to %d",
                       spec + len + 1, PARTITIONS_MAX);
    memcpy(name, spec, len);
    name[len] = '\0';
    rd_kafka_resp_err_t error =
        rd_kafka_mock_topic_create(b->cluster, name, (int)partitions, b->replicas);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return err_set(err, EX_USAGE, "--topic: %s: %s", name, rd_kafka_err2str(error));
    return 0;
}

// Makes a directory for the counts that loginpipe keeps, and names it to the command in STATE_DIR.
// The counts belong to offsets of this broker, so they go when it goes. Returns NULL if the user
// has set STATE_DIR, or if the directory cannot be made; then loginpipe uses its usual one.
static char *make_state(void)
{
    const char *base = getenv("TMPDIR");
    char *path;

    if (getenv("STATE_DIR") != NULL)
        return NULL;
    path = xasprintf("%s/kcat-broker.XXXXXX", base == NULL || *base == '\0' ? "/tmp" : base);
    if (mkdtemp(path) != NULL && setenv("STATE_DIR", path, 1) == 0)
        return path;
    free(path);
    return NULL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    remove(path);
    return 0;
}

static void remove_state(char *path)
{
    if (path != NULL)
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

// Blocks the signals that wait_for() receives, and puts the previous mask into *before. Call it
// before librdkafka starts any thread.
static void block_signals(sigset_t *set, sigset_t *before)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    signal(SIGCHLD, SIG_DFL); // if it were ignored, waitpid() would fail
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        // In nohup and in a shell's background jobs some signals are ignored. They stay ignored.
        if (sigaction(stops[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(set, stops[i]);
    }
    sigprocmask(SIG_BLOCK, set, before);
}

// Runs in the child: waits for the address, then becomes the command.
static _Noreturn void become(char **command, int address_fd, const sigset_t *mask)
{
    char address[PIPE_BUF];
    ssize_t len = read(address_fd, address, sizeof address);

    if (len <= 0)
        _exit(EX_UNAVAILABLE); // the broker did not start, and has reported why
    setenv("BOOTSTRAP_SERVERS", address, 1);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    int status = child_exec_status(errno);
    log_error("%s: %s", command[0], strerror(errno));
    _exit(status);
}

// Forks a child that becomes the command. This is done before there are any threads, and before
// there are sockets that the command would inherit. The child waits for the broker's address on
// *address_fd.
static int spawn(char **command, const sigset_t *mask, pid_t *pid, int *address_fd, struct err *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0 || (*pid = fork()) < 0)
        return err_set(err, EX_OSERR, "%s: %s", command[0], strerror(errno));
    if (*pid == 0) {
        close(fds[1]);
        become(command, fds[0], mask);
    }
    close(fds[0]);
    *address_fd = fds[1];
    return 0;
}

// Waits until the command ends or, if there is no command (pid 0), until a signal asks to stop.
// Returns the exit status.
static int wait_for(pid_t pid, const sigset_t *set)
{
    for (;;) {
        siginfo_t info;
        int status;

        if (sigwaitinfo(set, &info) < 0)
            continue; // the command was stopped or continued
        if (info.si_signo == SIGCHLD) {
            if (pid != 0 && waitpid(pid, &status, WNOHANG) == pid)
                return child_status(status);
        } else if (pid == 0)
            return EX_OK;
        else if (info.si_code <= 0)
            kill(pid, info.si_signo); // the terminal sends its signals to the command too
    }
}

static int run_command(const struct broker *b, pid_t pid, int address_fd, const sigset_t *set)
{
    const char *address = rd_kafka_mock_cluster_bootstraps(b->cluster);

    // A write of less than PIPE_BUF is atomic. It fails only if the child was killed, which
    // wait_for() reports.
    signal(SIGPIPE, SIG_IGN);
    ssize_t ignored = write(address_fd, address, strlen(address) + 1);
    (void)ignored;
    close(address_fd);
    return wait_for(pid, set);
}

// Prints the broker's address, and closes stdout so that a shell's $(kcat-broker &) returns.
static int stay(const struct broker *b, const sigset_t *set)
{
    if (printf("%s\n", rd_kafka_mock_cluster_bootstraps(b->cluster)) < 0 || fflush(stdout) != 0) {
        log_error("stdout: %s", strerror(errno));
        return EX_IOERR;
    }
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDOUT_FILENO);
    return wait_for(0, set);
}

static int run(const struct options *options, char **command, struct err *err)
{
    struct broker broker;
    sigset_t set, before;
    pid_t pid = 0;
    int address_fd = -1;

    block_signals(&set, &before);
    if (*command != NULL && spawn(command, &before, &pid, &address_fd, err) != 0)
        return -1;
    if (broker_start(&broker, (int)options->brokers, err) != 0)
        return -1;
    for (size_t i = 0; i < options->topics.count; i++) {
        if (broker_create_topic(&broker, options->topics.item[i], err) != 0)
            return -1;
    }
    int status = pid != 0 ? run_command(&broker, pid, address_fd, &set) : stay(&broker, &set);
    broker_stop(&broker);
    return status;
}

static const struct opt_library libraries[] = {{"librdkafka", rd_kafka_version_str}, {NULL, NULL}};

int main(int argc, char **argv)
{
    struct options options = {.brokers = 1};
    const struct opt_group groups[] = {OPT_GROUP("Cluster", options_table, &options)};
    const struct opt_program program = {
        "[-t TOPIC[:N]]... [-- COMMAND [ARG]...]",
        "Runs COMMAND with BOOTSTRAP_SERVERS set to a Kafka broker in memory, or without one\n"
        "prints the address and stays. It keeps at most 5 MiB a partition, has no real\n"
        "transactions, and creates topics with 4 partitions as they are asked for.",
        groups, 1, libraries};
    struct err err;

    log_init(argv[0]);
    char **command = argv + opt_parse(&program, argc, argv);
    if (options.brokers > BROKERS_MAX)
        opt_usage_error("--brokers: more than %d", BROKERS_MAX);
    char *state = *command == NULL ? NULL : make_state();
    int status = run(&options, command, &err);
    remove_state(state);
    if (status < 0)
        err_die(&err);
    opt_release(&program);
    return status;
}
