/*
 * The floor: the least that a manager can do. One thread starts each line of a Procfile with posix_spawn, one
 * after the other, polls their pipes and writes prefix + line; SIGTERM is passed on, and it ends with its last child.
 *
 *   floor [-b] [-p] PROCFILE
 *     -b  big: pipes of 1 MiB and reads of 256 KiB instead of 64 KiB
 *     -p  a pseudo-terminal for each process instead of a pipe
 *
 * SIGUSR1 ends the first process with SIGTERM and starts it again: kill + exec.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

enum { MOST = 4096 };

struct process {
    char *command;
    char prefix[80];
    size_t prefix_length;
    pid_t pid;
    /* What has no newline yet. */
    char *open;
    size_t open_length;
};

static struct process processes[MOST];
static struct pollfd polled[MOST + 1];
static int count;
static size_t chunk = 65536;
static int pipe_size;
static int is_pty;
static char *out;
static size_t out_length, out_size;

static void flush(void) {
    for (size_t at = 0; at < out_length;) {
        ssize_t written = write(1, out + at, out_length - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) exit(1);
        at += (size_t)written;
    }
    out_length = 0;
}

static void put(const char *bytes, size_t length) {
    if (out_length + length > out_size) flush();
    if (length > out_size) abort();
    memcpy(out + out_length, bytes, length);
    out_length += length;
}

static void read_procfile(const char *path) {
    FILE *file = fopen(path, "r");
    char line[4096];
    size_t widest = 0;
    if (!file) {
        perror(path);
        exit(2);
    }
    while (count < MOST && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon) continue;
        *colon = 0;
        line[strcspn(line, "\n")] = 0;
        colon[1 + strcspn(colon + 1, "\n")] = 0;
        struct process *this = &processes[count++];
        asprintf(&this->command, "exec%s", colon + 1);
        snprintf(this->prefix, sizeof this->prefix, "%.60s", line);
        if (strlen(this->prefix) > widest) widest = strlen(this->prefix);
    }
    fclose(file);
    for (int at = 0; at < count; at++) {
        char name[80];
        strcpy(name, processes[at].prefix);
        int length = snprintf(processes[at].prefix, sizeof processes[at].prefix, "%-*s | ", (int)widest, name);
        processes[at].prefix_length = (size_t)length;
    }
}

static void make_output(int ends[2]) {
    int failed = is_pty ? openpty(&ends[0], &ends[1], NULL, NULL, NULL) : pipe2(ends, O_CLOEXEC);
    if (failed) {
        perror("pipe");
        exit(2);
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    if (!is_pty && pipe_size) fcntl(ends[0], F_SETPIPE_SZ, pipe_size);
}

static void start(int at) {
    struct process *this = &processes[at];
    int ends[2];
    make_output(ends);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char *arguments[] = {"sh", "-c", this->command, NULL};
    if (posix_spawn(&this->pid, "/bin/sh", &actions, &attributes, arguments, environ)) {
        perror("posix_spawn");
        exit(2);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    polled[at] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    if (!this->open) this->open = malloc(2 * chunk);
}

/* One read: the lines that it completes, as one block. */
static ssize_t take(int at) {
    struct process *this = &processes[at];
    ssize_t got = read(polled[at].fd, this->open + this->open_length, 2 * chunk - this->open_length > chunk
                                                                          ? chunk
                                                                          : 2 * chunk - this->open_length);
    if (got <= 0) {
        int is_over = got == 0 || (errno != EAGAIN && errno != EINTR);
        if (is_over) {
            close(polled[at].fd);
            polled[at].fd = -1;
        }
        return 0;
    }
    char *start = this->open;
    char *end = this->open + this->open_length + got;
    char *newline;
    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
        put(this->prefix, this->prefix_length);
        put(start, (size_t)(newline + 1 - start));
        start = newline + 1;
    }
    this->open_length = (size_t)(end - start);
    memmove(this->open, start, this->open_length);
    if (this->open_length == 2 * chunk) abort();
    return got;
}

static void restart_first(void) {
    kill(processes[0].pid, SIGTERM);
    waitpid(processes[0].pid, NULL, 0);
    while (polled[0].fd >= 0 && take(0) > 0) {}
    if (polled[0].fd >= 0) close(polled[0].fd);
    start(0);
}

static int alive = 0;

static void hear(int signals) {
    struct signalfd_siginfo heard;
    while (read(signals, &heard, sizeof heard) == sizeof heard) {
        if (heard.ssi_signo == SIGUSR1) restart_first();
        if (heard.ssi_signo == SIGTERM)
            for (int at = 0; at < count; at++) kill(processes[at].pid, SIGTERM);
        if (heard.ssi_signo == SIGCHLD)
            while (waitpid(-1, NULL, WNOHANG) > 0) alive--;
    }
}

int main(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "bp")) != -1) {
        if (option == 'b') {
            chunk = 256 * 1024;
            pipe_size = 1024 * 1024;
        }
        if (option == 'p') is_pty = 1;
    }
    if (optind >= argc) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    out_size = 2 * chunk + 128;
    out = malloc(out_size);
    if (pipe_size) fcntl(1, F_SETPIPE_SZ, pipe_size);
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGUSR1);
    sigprocmask(SIG_BLOCK, &heard, NULL);
    int signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    read_procfile(argv[optind]);
    for (int at = 0; at < count; at++) start(at);
    alive = count;
    polled[count] = (struct pollfd){.fd = signals, .events = POLLIN};
    while (alive > 0) {
        if (poll(polled, (nfds_t)count + 1, -1) < 0) continue;
        for (int at = 0; at < count; at++)
            if (polled[at].fd >= 0 && polled[at].revents) take(at);
        flush();
        if (polled[count].revents) hear(signals);
    }
    for (int at = 0; at < count; at++)
        while (polled[at].fd >= 0 && take(at) > 0) {}
    flush();
    return 0;
}
