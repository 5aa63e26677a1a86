/*
 * Runs a manager with its workload, checks every line of its output, and prints what it cost: one line of
 * `key=value`, each described in benches/README.md.
 *
 *   meter [-o FILE] [-u done|begun|end] [-n COUNT] [-q SECONDS] [-w SECONDS] [-x COMMAND [-r TIMES]]
 *         [-t SECONDS] -- MANAGER...
 *     -o FILE     the manager writes into this file in place of a pipe
 *     -u, -n      the run lasts until so many writers are done (or have begun; `end`: until it ends by itself)
 *     -q, -w      then so much quiet, and a window in which wake-ups and CPU are counted
 *     -x, -r      then a command, so many times; $MANAGER_PID is the manager. A writer begins anew each time
 *     -t          a run that takes longer has failed (60)
 * The manager is ended with SIGTERM. Status 1: lines were lost, torn or reordered. 3: it took too long.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "line.h"
#include "tree.h"

enum { READ = 1 << 20 };

static struct {
    const char *file, *until, *command;
    uint64_t count;
    double quiet, window, limit;
    int times;
} asked = {.until = "done", .count = 1, .limit = 60, .times = 1};

static char *buffer;
static int source;
static int manager = -1;
static uint64_t manager_ended_at;
static uint64_t give_up_at;
static int is_late;

static uint64_t nanoseconds(double seconds) { return (uint64_t)(seconds * 1e9); }

/* Reads what is there. Returns whether there was anything. */
static int take(void) {
    ssize_t got = read(source, buffer, READ);
    if (got > 0) check(buffer, (size_t)got, now_ns());
    return got > 0;
}

/* Waits for output, the manager's end or `until`, and reads one piece. */
static void step(uint64_t until) {
    uint64_t now = now_ns();
    if (until > give_up_at) until = give_up_at;
    int wait = until > now ? (int)((until - now) / 1000000 + 1) : 0;
    struct pollfd polled[] = {{.fd = asked.file ? -1 : source, .events = POLLIN}, {.fd = manager, .events = POLLIN}};
    // A file cannot be waited for.
    if (asked.file) wait = take() ? 0 : wait > 1;
    if (poll(polled, 2, wait) > 0 && polled[1].revents && !manager_ended_at) manager_ended_at = now_ns();
    if (polled[0].revents) take();
    is_late = now_ns() >= give_up_at;
}

static uint64_t reached(void) {
    if (!strcmp(asked.until, "begun")) return found.begun;
    if (!strcmp(asked.until, "end")) return 0;
    return found.done;
}

static void read_for(double seconds) {
    uint64_t until = now_ns() + nanoseconds(seconds);
    while (!is_late && !manager_ended_at && now_ns() < until) step(until);
}

static pid_t run(char **arguments, int output) {
    pid_t pid = fork();
    if (pid) return pid;
    int input = open("/dev/null", O_RDONLY);
    dup2(input, 0);
    if (output >= 0) dup2(output, 1);
    execvp(arguments[0], arguments);
    perror(arguments[0]);
    _exit(127);
}

static int by_size(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Runs the command again and again; each time a writer ends and begins. In milliseconds, the medians. */
static void do_commands(pid_t pid) {
    double gaps[1000], wholes[1000];
    int count = 0;
    char variable[32];
    snprintf(variable, sizeof variable, "%d", pid);
    setenv("MANAGER_PID", variable, 1);
    for (; count < asked.times && count < 1000 && !is_late; count++) {
        uint64_t begun = found.begun, at = now_ns();
        char *arguments[] = {"sh", "-c", (char *)asked.command, NULL};
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pid_t command = run(arguments, null);
        close(null);
        while (!is_late && !manager_ended_at && found.begun == begun) step(UINT64_MAX);
        waitpid(command, NULL, 0);
        wholes[count] = (double)(found.begun_at - at) / 1e6;
        gaps[count] = (double)(found.begun_at - found.ended_at) / 1e6;
        read_for(0.1);
    }
    qsort(gaps, (size_t)count, sizeof *gaps, by_value);
    qsort(wholes, (size_t)count, sizeof *wholes, by_value);
    printf(" restarts=%d restart_gap_ms=%.2f restart_ms=%.2f", count, gaps[count / 2], wholes[count / 2]);
}

static void print_window(struct cost before, struct cost after) {
    printf(" wakeups=%lld window_cpu_ms=%.2f window_s=%.1f", (long long)(after.switches - before.switches),
           (double)(int64_t)(after.cpu_ns - before.cpu_ns) / 1e6, asked.window);
}

static void print_ways(void) {
    if (!found.ways) return;
    qsort(found.way_ns, found.ways, sizeof *found.way_ns, by_size);
    printf(" way_p50_us=%.1f way_p99_us=%.1f way_max_us=%.1f ways=%llu", found.way_ns[found.ways / 2] / 1e3,
           found.way_ns[found.ways * 99 / 100] / 1e3, found.way_ns[found.ways - 1] / 1e3,
           (unsigned long long)found.ways);
}

/* SIGTERM, and everything that is still written. Kills what is left. */
static void stop(pid_t pid, uint64_t started_at) {
    uint64_t stopped_at = now_ns();
    kill(pid, SIGTERM);
    while (!manager_ended_at && !is_late) step(UINT64_MAX);
    int status = 0;
    if (manager_ended_at) waitpid(pid, &status, 0);
    // What it had written is still in the pipe.
    if (!asked.file) fcntl(source, F_SETFL, O_NONBLOCK);
    while (take()) {}
    int left = signal_all(SIGKILL);
    for (;;) {
        if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) break;
        while (take()) {}
    }
    printf(" begun=%llu ended=%llu", (unsigned long long)found.begun, (unsigned long long)found.ended);
    if (found.begun) printf(" begun_ms=%.2f", (double)(found.begun_at - started_at) / 1e6);
    if (manager_ended_at > stopped_at) printf(" stop_ms=%.2f", (double)(manager_ended_at - stopped_at) / 1e6);
    if (found.ended_at > stopped_at && manager_ended_at) printf(" over_ms=%.2f", ((double)manager_ended_at - (double)found.ended_at) / 1e6);
    printf(" left=%d status=%d", left, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void print_flow(void) {
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6 - (double)found.writers_cpu_ns / 1e9;
    printf(" lines=%llu lost=%llu torn=%llu reordered=%llu other=%llu cpu_s=%.3f", (unsigned long long)found.lines,
           (unsigned long long)found.lost, (unsigned long long)found.torn, (unsigned long long)found.reordered,
           (unsigned long long)found.other, cpu);
    double seconds = found.done_at > found.first_at ? (double)(found.done_at - found.first_at) / 1e9 : 0;
    if (seconds > 0 && found.bytes)
        printf(" seconds=%.3f mb_s=%.1f mlines_s=%.3f cpu_s_gb=%.2f", seconds, (double)found.bytes / 1e6 / seconds,
               (double)found.lines / 1e6 / seconds, cpu / ((double)found.bytes / 1e9));
}

static void read_options(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "+o:u:n:q:w:x:r:t:")) != -1) switch (option) {
            case 'o': asked.file = optarg; break;
            case 'u': asked.until = optarg; break;
            case 'n': asked.count = strtoull(optarg, NULL, 10); break;
            case 'q': asked.quiet = atof(optarg); break;
            case 'w': asked.window = atof(optarg); break;
            case 'x': asked.command = optarg; break;
            case 'r': asked.times = atoi(optarg); break;
            case 't': asked.limit = atof(optarg); break;
            default: exit(2);
        }
    if (optind >= argc) exit(2);
}

/* Returns what the manager writes to. */
static int open_output(void) {
    if (asked.file) {
        int output = open(asked.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        source = open(asked.file, O_RDONLY | O_CLOEXEC);
        return output;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) exit(2);
    source = ends[0];
    return ends[1];
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    buffer = malloc(READ);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int output = open_output();
    uint64_t started_at = now_ns();
    give_up_at = started_at + nanoseconds(asked.limit);
    pid_t pid = run(argv + optind, output);
    manager = (int)syscall(SYS_pidfd_open, pid, 0);
    close(output);
    while (!is_late && !manager_ended_at && reached() < asked.count) step(UINT64_MAX);
    uint64_t took = now_ns() - started_at;
    read_for(asked.quiet);
    struct cost before = cost_of_managers();
    if (asked.window > 0) {
        read_for(asked.window);
        struct cost after = cost_of_managers();
        print_window(before, after);
        before = after;
    }
    if (asked.command) do_commands(pid);
    if (found.listening) {
        double gap = ((double)found.begun_at - (double)found.listening_at) / 1e6;
        printf(" listen_to_start_ms=%.2f", gap);
    }
    printf(" wall_ms=%.2f processes=%llu threads=%llu rss_kb=%llu peak_rss_kb=%llu pss_kb=%llu", (double)took / 1e6,
           (unsigned long long)before.processes, (unsigned long long)before.threads, (unsigned long long)before.rss_kb,
           (unsigned long long)before.peak_rss_kb, (unsigned long long)before.pss_kb);
    int has_failed = is_late || (strcmp(asked.until, "end") && reached() < asked.count);
    stop(pid, started_at);
    print_flow();
    print_ways();
    printf(" failed=%d\n", has_failed);
    if (found.lost || found.torn || found.reordered) return 1;
    return has_failed ? 3 : 0;
}
