/* Finds the processes below this one, and what they cost. */
#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 65536 };

struct process {
    pid_t pid, parent;
    char name[32];
    int is_below;
};

static struct process processes[MOST];
static int count;

static void list(void) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    count = 0;
    while (count < MOST && (entry = readdir(proc))) {
        struct process *this = &processes[count];
        char path[320], text[512];
        if (!(this->pid = atoi(entry->d_name))) continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        size_t length = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[length] = 0;
        char *open = strchr(text, '('), *close = strrchr(text, ')');
        if (!open || !close || close[2] == 'Z') continue;
        *close = 0;
        snprintf(this->name, sizeof this->name, "%s", open + 1);
        this->parent = atoi(close + 4);
        this->is_below = 0;
        count++;
    }
    closedir(proc);
    for (int has_changed = 1; has_changed;) {
        has_changed = 0;
        for (int at = 0; at < count; at++) {
            if (processes[at].is_below) continue;
            int is_below = processes[at].parent == getpid();
            for (int other = 0; !is_below && other < count; other++)
                is_below = processes[other].is_below && processes[other].pid == processes[at].parent;
            has_changed |= processes[at].is_below = is_below;
        }
    }
}

/* The number behind `key` in a file of lines `key: number`. */
static uint64_t field(const char *text, const char *key) {
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static const char *text_of(const char *path) {
    static char text[16384];
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[length] = 0;
    return text;
}

static void add_thread(struct cost *cost, pid_t pid, const char *thread) {
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, thread);
    const char *status = text_of(path);
    cost->switches += field(status, "\nvoluntary_ctxt_switches:") + field(status, "\nnonvoluntary_ctxt_switches:");
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread);
    cost->cpu_ns += strtoull(text_of(path), NULL, 10);
    cost->threads++;
}

static void add(struct cost *cost, pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    struct dirent *entry;
    if (!tasks) return;
    while ((entry = readdir(tasks)))
        if (entry->d_name[0] != '.') add_thread(cost, pid, entry->d_name);
    closedir(tasks);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    const char *status = text_of(path);
    cost->rss_kb += field(status, "\nVmRSS:");
    cost->peak_rss_kb += field(status, "\nVmHWM:");
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    cost->pss_kb += field(text_of(path), "\nPss:");
    cost->processes++;
}

/* The workload, and what gives a manager the terminal that it asks for. */
static int is_ours(const char *name) { return !strcmp(name, "work") || !strcmp(name, "script"); }

struct cost cost_of_managers(void) {
    struct cost cost = {0};
    list();
    for (int at = 0; at < count; at++)
        if (processes[at].is_below && !is_ours(processes[at].name)) add(&cost, processes[at].pid);
    return cost;
}

int signal_all(int signal) {
    int signalled = 0;
    list();
    for (int at = 0; at < count; at++)
        if (processes[at].is_below) {
            kill(processes[at].pid, signal);
            signalled++;
        }
    return signalled;
}
