// SPDX-License-Identifier: BSD-2-Clause
//
// The stages are this program itself. If it has arguments, it does what they say.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/datetime.h"
#include "base/log.h"
#include "tap.h"

#define SELF "/proc/self/exe"
#define GRACE_LONG (60 * MS_SECOND)
#define COUNT(array) (sizeof(array) / sizeof *(array))

// --- Stages ---

static volatile sig_atomic_t told;

static void on_term(int number)
{
    (void)number;
    told = 1;
}

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(99);
}

static void sleep_ms(int ms)
{
    poll(NULL, 0, ms);
}

// Copies stdin to stdout until its end.
static void copy(void)
{
    char bytes[256];
    ssize_t n;

    while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) != 0) {
        if (n > 0 && write(STDOUT_FILENO, bytes, (size_t)n) != n)
            _exit(99);
    }
}

// Waits for input, and passes it on.
static void copy_some(void)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

    if (n > 0 && write(STDOUT_FILENO, bytes, (size_t)n) != n)
        _exit(99);
}

// Prints what a stage has inherited, apart from the pipes.
static void show_inheritance(const char *name)
{
    DIR *directory = opendir("/proc/self/fd");
    char text[128];
    sigset_t blocked;
    int others = -1; // the directory's own descriptor does not count

    for (struct dirent *d; (d = readdir(directory)) != NULL;)
        others += atoi(d->d_name) > STDERR_FILENO;
    closedir(directory);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    snprintf(text, sizeof text, "%s: %d descriptors,%s session%s\n", name, others,
             getsid(0) == getpid() ? " own" : " shared",
             sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGCHLD) ? ", blocked" : "");
    say(text);
}

// Waits for one of the signals that the supervisor passes on, which are blocked from the start.
static void await_passed(void)
{
    sigset_t passed, blocked;
    int number;

    sigemptyset(&passed);
    sigaddset(&passed, SIGHUP);
    sigaddset(&passed, SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    if (!sigismember(&blocked, SIGHUP) || !sigismember(&blocked, SIGUSR1))
        say("not blocked\n");
    if (sigwait(&passed, &number) == 0)
        say(number == SIGHUP ? "hup\n" : "usr1\n");
}

// Ends with a status or, if the number is negative, by a signal.
static _Noreturn void end_with(int status)
{
    if (status < 0)
        raise(-status);
    _exit(status);
}

// A source that continues until it is told to stop, and then still writes something.
static _Noreturn void run_until_told(void)
{
    sigset_t term, before;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    signal(SIGTERM, on_term);
    say("begun\n");
    while (!told)
        sigsuspend(&before);
    say("told\n");
    _exit(0);
}

// Does what the arguments say, one after the other.
static int stage(char **words)
{
    for (; *words != NULL; words++) {
        const char *word = *words;
        if (strcmp(word, "copy") == 0)
            copy();
        else if (strcmp(word, "copy-some") == 0)
            copy_some();
        else if (strcmp(word, "show") == 0)
            show_inheritance(*++words);
        else if (strcmp(word, "say") == 0)
            say(*++words);
        else if (strcmp(word, "sleep") == 0)
            sleep_ms(atoi(*++words));
        else if (strcmp(word, "ignore-term") == 0)
            signal(SIGTERM, SIG_IGN);
        else if (strcmp(word, "until-told") == 0)
            run_until_told();
        else if (strcmp(word, "signal-supervisor") == 0)
            kill(getppid(), atoi(*++words));
        else if (strcmp(word, "passed") == 0)
            await_passed();
        else if (strcmp(word, "end") == 0)
            end_with(atoi(*++words));
        else
            return 98;
    }
    return 0;
}

// --- Groups ---

struct run {
    struct child_group group; // released; only the members for the owner are valid
    char out[512];            // what the pipeline has printed
    int64_t ms;
};

#define STAGE(...)                                                                                 \
    {                                                                                              \
        SELF, __VA_ARGS__, NULL                                                                    \
    }

static void start_stages(struct child_group *g, char *const (*stages)[10], size_t count)
{
    static const char *const names[] = {"one", "two", "three"};
    struct child_command commands[COUNT(names)];

    for (size_t i = 0; i < count; i++)
        commands[i] = (struct child_command){names[i], stages[i]};
    child_group_clear(g);
    child_start_pipeline(g, commands, count);
}

// Replaces stdout with a file. Returns the previous stdout.
static int redirect(int file)
{
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

    dup2(file, STDOUT_FILENO);
    return saved;
}

static void restore(int saved)
{
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

static struct run run(int64_t grace, char *const (*stages)[10], size_t count)
{
    struct run r = {.ms = time_monotonic()};
    int file = memfd_create("out", MFD_CLOEXEC);
    int saved = redirect(file);

    child_group_init(&r.group, grace);
    start_stages(&r.group, stages, count);
    child_wait(&r.group);
    r.ms = time_monotonic() - r.ms;
    restore(saved);
    if (pread(file, r.out, sizeof r.out - 1, 0) < 0)
        perror("pread");
    close(file);
    struct err failure = r.group.failure;
    child_group_release(&r.group);
    r.group.failure = failure;
    return r;
}

static void check_failure(const struct run *r, int status, const char *text, const char *title)
{
    tap_int(r->group.failure.status, status, title);
    tap_text(r->group.failure.text, strlen(r->group.failure.text), text, title);
}

static void check_out(const struct run *r, const char *wanted, const char *title)
{
    tap_text(r->out, strlen(r->out), wanted, title);
}

static int open_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static bool has_no_children(void)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

// --- Tests ---

static void test_pause(void)
{
    static const int wanted[] = {1, 2, 4, 8, 16, 32, 60, 60};
    int pause = 0;

    for (size_t i = 0; i < COUNT(wanted); i++) {
        pause = child_pause_after(pause, 59999);
        tap_int(pause, wanted[i], "the pause doubles up to a minute");
    }
    tap_int(child_pause_after(60, 60000), 1, "after a long run the pause is short again");
    tap_int(child_pause_after(1, 0), 2, "the pause then doubles again");
}

static void test_statuses(void)
{
    static const struct {
        char *end;
        int status;
        const char *text;
    } cases[] = {{"0", 0, ""},
                 {"1", 1, "one: exit status 1"},
                 {"75", 75, "one: exit status 75"},
                 {"128", 128, "one: exit status 128"},
                 {"-9", 137, "one: killed by signal 9"},
                 {"-13", 141, "one: killed by signal 13"},
                 {"-15", 143, "one: killed by signal 15"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *const stages[][10] = {STAGE("end", cases[i].end)};
        const struct run r = run(GRACE_LONG, stages, 1);
        check_failure(&r, cases[i].status, cases[i].text, "the status of a child is reported");
    }
}

// The first stage fails in one way, and then the second in another, whether or not as a
// consequence.
static void test_ranks(void)
{
    static const struct {
        char *first, *second;
        int status;
        const char *text, *title;
    } cases[] = {
        {"3", "4", 3, "one: exit status 3", "of equal failures the first counts"},
        {"75", "4", 4, "two: exit status 4", "'try again' says less than another status"},
        {"-13", "75", 75, "two: exit status 75", "a broken pipe says less than 'try again'"},
        {"75", "-13", 75, "one: exit status 75", "and is no reason to forget it"},
        {"-13", "-9", 137, "two: killed by signal 9", "a broken pipe says less than SIGKILL"},
        {"0", "-13", 141, "two: killed by signal 13", "but more than success"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *const stages[][10] = {STAGE("end", cases[i].first),
                                    STAGE("copy", "sleep", "50", "end", cases[i].second)};
        const struct run r = run(GRACE_LONG, stages, 2);
        check_failure(&r, cases[i].status, cases[i].text, cases[i].title);
    }
}

static void test_pipes(void)
{
    char *const stages[][10] = {STAGE("copy", "show", "one", "say", "hello\n"),
                                STAGE("copy", "show", "two"), STAGE("copy", "show", "three")};
    const int before = open_descriptors();
    int leak = open("/dev/null", O_RDONLY); // as if a parent had left it open
    const struct run r = run(GRACE_LONG, stages, 3);

    close(leak);
    check_failure(&r, 0, "", "a pipeline ends with success");
    check_out(&r,
              "one: 0 descriptors, own session\nhello\ntwo: 0 descriptors, own session\n"
              "three: 0 descriptors, own session\n",
              "the pipes join the stages, which get nothing else");
    tap_int(open_descriptors(), before, "no end of a pipe stays open");
    tap_ok(has_no_children(), "no child is left");
}

static void test_stop(void)
{
    char *const stages[][10] = {STAGE("until-told"), STAGE("copy"),
                                STAGE("copy-some", "signal-supervisor", "15", "copy")};
    const struct run r = run(GRACE_LONG, stages, 3);

    check_failure(&r, 0, "", "a stop is not a failure");
    check_out(&r, "begun\ntold\n", "the source is told, and the others end when their input does");
    tap_int(r.group.stops, 1, "one stop signal arrived");
    tap_int(r.group.forced, 0, "one stop signal does not force the children");
}

static void test_stop_before_handlers(void)
{
    char *const stages[][10] = {STAGE("copy", "sleep", "60000"),
                                STAGE("signal-supervisor", "15", "copy")};
    const struct run r = run(GRACE_LONG, stages, 2);

    check_failure(&r, 0, "", "a source may die of SIGTERM when it is told to stop");
}

static void test_repeated_signal(void)
{
    char *const stages[][10] = {STAGE("until-told"), STAGE("copy"),
                                STAGE("copy-some", "signal-supervisor", "15", "sleep", "50",
                                      "signal-supervisor", "15", "copy")};
    const struct run r = run(GRACE_LONG, stages, 3);

    check_failure(&r, 0, "", "a signal that comes twice, as from timeout(1), is no failure");
    check_out(&r, "begun\ntold\n", "and the children still end in order");
    tap_int(r.group.forced, 0, "the repetition does not force the children");
}

static void test_second_signal(void)
{
    char *const stages[][10] = {STAGE("ignore-term", "say", "begun\n", "sleep", "60000"),
                                STAGE("copy-some", "signal-supervisor", "15", "sleep", "600",
                                      "signal-supervisor", "2", "copy")};
    const struct run r = run(GRACE_LONG, stages, 2);

    tap_int(r.group.forced, 130, "the second signal gives the status");
    tap_int(r.group.stops, 2, "both signals are counted");
    tap_ok(r.ms < 30000, "and kills all that runs, in %lld ms", (long long)r.ms);
    check_failure(&r, 0, "", "killing the children is not a failure");
}

static void test_passed_signals(void)
{
    char *const stages[][10] = {
        STAGE("say", "begun\n", "passed", "signal-supervisor", "10", "passed"),
        STAGE("copy-some", "signal-supervisor", "1", "passed", "passed", "copy")};
    const struct run r = run(GRACE_LONG, stages, 2);

    check_failure(&r, 0, "", "a signal that is passed on stops nothing");
    check_out(&r, "begun\nhup\nusr1\nhup\nusr1\n", "all stages get SIGHUP and SIGUSR1");
    tap_int(r.group.stops, 0, "they are not counted as stops");
}

static void test_grace(void)
{
    char *const stages[][10] = {STAGE("ignore-term", "say", "begun\n", "sleep", "60000"),
                                STAGE("copy-some", "end", "7")};
    const struct run r = run(300, stages, 2);

    check_failure(&r, 7, "two: exit status 7", "the failure is that which came first");
    tap_ok(r.ms >= 300 && r.ms < 30000, "the grace period ends with a kill, after %lld ms",
           (long long)r.ms);

    char *const quick[][10] = {STAGE("until-told"), STAGE("copy-some", "end", "7"), STAGE("copy")};
    const struct run q = run(GRACE_LONG, quick, 3);
    check_failure(&q, 7, "two: exit status 7", "the others are stopped in order");
    tap_ok(q.ms < 30000, "within the grace period, in %lld ms", (long long)q.ms);
}

static void test_missing_program(void)
{
    char *const stages[][10] = {STAGE("until-told"), {"/nonexistent/tool", NULL}};
    const struct run r = run(GRACE_LONG, stages, 2);

    check_failure(&r, 127, "two: exit status 127", "a program that is missing is a failure");

    char *const not_executable[][10] = {{"/dev/null", NULL}};
    const struct run n = run(GRACE_LONG, not_executable, 1);
    check_failure(&n, 126, "one: exit status 126", "so is one that cannot be executed");
}

static void test_reuse(void)
{
    char *const bad[][10] = {STAGE("end", "7"), STAGE("copy")};
    char *const good[][10] = {STAGE("end", "0")};
    struct child_group g;

    child_group_init(&g, GRACE_LONG);
    start_stages(&g, bad, 2);
    child_wait(&g);
    tap_int(g.failure.status, 7, "a run fails");
    start_stages(&g, good, 1);
    child_wait(&g);
    tap_int(g.failure.status, 0, "the next run does not have the failure");
    child_group_release(&g);
}

static void test_sleep(void)
{
    struct child_group g;
    int64_t began = time_monotonic();

    child_group_init(&g, GRACE_LONG);
    child_sleep(&g, 100);
    tap_ok(time_monotonic() - began >= 100, "a pause lasts");
    kill(getpid(), SIGTERM);
    child_sleep(&g, 60000);
    tap_ok(time_monotonic() - began < 30000, "a signal ends a pause");
    tap_int(g.stops, 1, "the stop signal is counted");
    child_group_release(&g);
}

struct ticks {
    int count, last_signal;
    int64_t every, at[8];
    bool silent; // sends no signals
};

static int64_t tick(void *ctx)
{
    struct ticks *t = ctx;

    t->at[t->count++ % 8] = time_monotonic();
    if (t->count == 3 && !t->silent)
        kill(getpid(), SIGUSR1);
    if (t->count == 4 && !t->silent)
        kill(getpid(), SIGTERM);
    return time_monotonic() + t->every;
}

static void signalled(void *ctx, int number)
{
    struct ticks *t = ctx;

    t->last_signal = t->last_signal * 100 + number;
}

static void test_watch(void)
{
    char *const stages[][10] = {STAGE("sleep", "60000")};
    struct ticks t = {.every = 20};
    struct child_group g;

    child_group_init(&g, GRACE_LONG);
    g.watch = (struct child_watch){tick, signalled, &t};
    start_stages(&g, stages, 1);
    child_wait(&g);
    tap_ok(t.count >= 4, "the owner is called again and again while children run");
    tap_ok(t.at[1] - t.at[0] >= 20, "it is not called before the time that it has asked for");
    tap_int(t.last_signal, SIGUSR1 * 100 + SIGTERM, "it is told of a request and of a stop");
    child_group_release(&g);

    child_group_init(&g, GRACE_LONG);
    t = (struct ticks){.every = 20, .silent = true};
    g.watch = (struct child_watch){tick, NULL, &t};
    int64_t began = time_monotonic();
    child_sleep(&g, 200);
    tap_ok(t.count >= 2, "it is called during a pause too");
    tap_ok(time_monotonic() - began >= 200, "which lasts as long as without");
    child_group_release(&g);
}

// Runs a function in a process of its own, and returns the exit status.
static int in_process(int (*function)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(function());
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ignore_signals(void)
{
    char *const stages[][10] = {
        STAGE("signal-supervisor", "1", "signal-supervisor", "2", "end", "5")};

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); // undoes what earlier tests have set
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    const struct run r = run(GRACE_LONG, stages, 1);
    return r.group.stops == 0 && r.group.failure.status == 5 ? 0 : 1;
}

static void test_ignored_signals(void)
{
    tap_int(in_process(ignore_signals), 0,
            "an ignored SIGHUP or SIGINT stays ignored, an ignored SIGCHLD does not");
}

// Sends both signals before the copies can receive what the supervisor sends them after the first
// one.
static void signal_twice(const pid_t *copies)
{
    const pid_t supervisor = getpid();

    kill(copies[0], SIGSTOP);
    kill(copies[1], SIGSTOP);
    kill(supervisor, SIGTERM);
    if (fork() == 0) { // this child does not belong to the group
        sleep_ms(600); // for the second signal to count as one
        kill(supervisor, SIGTERM);
        sleep_ms(200);
        kill(copies[0], SIGCONT);
        kill(copies[1], SIGCONT);
        _exit(1);
    }
}

enum copies { OBEDIENT, DEAF, DEAF_AND_FAILING, KILLED, KILLED_AND_DEAF, FOLLOWED };

// What a copy does.
static void run_copy(struct child_group *g, enum copies how, int copy)
{
    char *const stages[][10] = {STAGE("until-told"), STAGE("copy")};
    char *const slow[][10] = {STAGE("until-told"),
                              STAGE("copy", "sleep", "300", "say", "drained\n")};
    char *const deaf[][10] = {STAGE("ignore-term", "say", "begun\n", "sleep", "60000"),
                              STAGE("copy")};
    char *const failing[][10] = {STAGE("say", "begun\n", "sleep", "100", "end", "7"),
                                 STAGE("copy")};
    char *const finite[][10] = {STAGE("say", "begun\n", "sleep", "100"), STAGE("copy")};

    if (how == FOLLOWED && copy == 0)
        start_stages(g, finite, 2);
    else if (how == OBEDIENT || how == FOLLOWED)
        start_stages(g, stages, 2);
    else if (how == KILLED)
        start_stages(g, slow, 2);
    else if (how == DEAF_AND_FAILING && copy > 0)
        start_stages(g, failing, 2);
    else
        start_stages(g, deaf, 2);
    child_wait(g);
    _exit(g->forced != 0 ? g->forced : g->failure.status);
}

static bool has_drained(int out)
{
    char bytes[256] = "";

    fcntl(out, F_SETFL, O_NONBLOCK);
    return read(out, bytes, sizeof bytes - 1) > 0 && strstr(bytes, "drained") != NULL;
}

static int copies(enum copies how)
{
    const bool short_grace = how == DEAF_AND_FAILING || how == KILLED_AND_DEAF;
    struct child_group g;
    char bytes[12];
    pid_t pids[2];
    int ends[2];

    if (pipe(ends) != 0)
        return 1;
    child_group_init(&g, short_grace ? 300 : GRACE_LONG);
    g.nested = true;
    redirect(ends[1]);
    for (int i = 0; i < 2; i++) {
        pids[i] = child_fork(&g, i == 0 ? "copy 1" : "copy 2", how == FOLLOWED && i == 1);
        if (pids[i] == 0)
            run_copy(&g, how, i);
    }
    for (size_t n = 0; n < sizeof bytes;) { // both copies write "begun"
        ssize_t more = read(ends[0], bytes + n, sizeof bytes - n);
        if (more <= 0)
            return 2;
        n += (size_t)more;
    }
    if (how == DEAF)
        signal_twice(pids);
    else if (how == OBEDIENT)
        kill(getpid(), SIGTERM);
    else if (how == KILLED || how == KILLED_AND_DEAF)
        kill(pids[0], SIGKILL);
    child_wait(&g);
    int status = g.forced != 0 ? g.forced : g.failure.status;
    child_group_release(&g);
    if (how == KILLED && !has_drained(ends[0]))
        return 3;
    if (how == FOLLOWED && g.stops > 0)
        return 5;
    return (how == KILLED || how == KILLED_AND_DEAF) && !has_no_children() ? 4 : status;
}

static int stop_copies(void)
{
    return copies(OBEDIENT);
}

static int kill_copies(void)
{
    return copies(DEAF);
}

static int fail_copy(void)
{
    return copies(DEAF_AND_FAILING);
}

static int follow_copy(void)
{
    return copies(FOLLOWED);
}

static int kill_copy(void)
{
    return copies(KILLED);
}

static int kill_deaf_copy(void)
{
    return copies(KILLED_AND_DEAF);
}

// Waits until no process is left that any of the tests has started.
static bool all_end(void)
{
    const int64_t until = time_monotonic() + 20000;

    while (time_monotonic() < until) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (has_no_children())
            return true;
        sleep_ms(10);
    }
    return false;
}

static void test_copies(void)
{
    const int64_t began = time_monotonic();

    tap_int(in_process(stop_copies), 0, "copies are told to stop, and end with success");
    tap_ok(all_end(), "no process of the copies is left");
    tap_int(in_process(follow_copy), 0, "a follower is told to stop when all others have ended");
    tap_ok(all_end(), "it has ended");
    tap_int(in_process(kill_copies), 143, "a second signal makes copies kill their stages");
    tap_int(in_process(fail_copy), 7,
            "the end of the grace period makes copies kill their stages too");
    tap_int(in_process(kill_copy), 137, "the stages of a killed copy may finish their work");
    tap_int(in_process(kill_deaf_copy), 137, "the grace period ends for them too");
    tap_ok(time_monotonic() - began < 30000, "the copies end at once");
    tap_ok(all_end(), "no process of these copies is left either");
}

// Kills a supervisor while its pipeline runs.
static void test_killed_supervisor(void)
{
    char *const stages[][10] = {STAGE("until-told"), STAGE("copy")};
    char bytes[6], rest[6] = "";
    int ends[2];

    if (pipe(ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct child_group g;
        child_group_init(&g, GRACE_LONG);
        redirect(ends[1]);
        start_stages(&g, stages, 2);
        child_wait(&g);
        _exit(0);
    }
    close(ends[1]);
    tap_ok(read(ends[0], bytes, sizeof bytes) == 6, "the pipeline runs");
    kill(pid, SIGKILL);
    tap_ok(read(ends[0], rest, sizeof rest) == 5 && memcmp(rest, "told\n", 5) == 0,
           "when the supervisor is killed, the source is told to stop");
    tap_ok(all_end(), "the pipeline ends");
    close(ends[0]);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return stage(argv + 1);
    log_init(argv[0]);
    log_set_level(LOG_ERROR);
    prctl(PR_SET_CHILD_SUBREAPER, 1); // so that orphans come to us
    alarm(120);                       // do not wait forever
    test_pause();
    test_statuses();
    test_ranks();
    test_pipes();
    test_stop();
    test_stop_before_handlers();
    test_repeated_signal();
    test_second_signal();
    test_passed_signals();
    test_grace();
    test_missing_program();
    test_reuse();
    test_sleep();
    test_watch();
    test_ignored_signals();
    test_copies();
    test_killed_supervisor();
    tap_ok(all_end(), "no process is left");
    return tap_done();
}
