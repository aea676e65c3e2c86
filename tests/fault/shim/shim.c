/* Faults of the disk, between a program and libc (LD_PRELOAD); only below SHIM_DIR.
 *
 * SHIM_TRACE=FILE   record every write, sync, rename, … in order (tests/fault/trace.py reads it)
 * SHIM_FAIL=op:n    the n-th op (write, sync, rename, open) fails with EIO; `op:n+` all from it on
 * SHIM_SPACE=n      after n more bytes the disk is full: ENOSPC
 * SHIM_LIE=1        fsync says yes and does nothing
 * SHIM_CLOCK=FILE   the wall clock is wrong by the int64 of seconds in FILE; it may change
 *
 * The same can be set while the program runs: shim_fail, shim_space, shim_lie, shim_mark, shim_reset.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#undef fsync
#define MAX_FD 8192

enum { OPEN = 1, WRITE, TRUNCATE, SYNC, SYNC_DIR, RENAME, UNLINK, MKDIR, RMDIR, MARK, CREATE, LINK };
enum { F_WRITE, F_SYNC, F_RENAME, F_OPEN, F_KINDS };
static const char *const names[F_KINDS] = {"write", "sync", "rename", "open"};

struct record {
    uint32_t op, first, second, reserved;
    uint64_t inode, offset, size;
};

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char dir[PATH_MAX];
static size_t dir_len;
static int trace_fd = -1;
static char *paths[MAX_FD];
static long long fail_in[F_KINDS];
static int fail_on[F_KINDS];
static int lie;
static long long space = -1;
static volatile long long calls[F_KINDS];
static volatile int64_t *wrong_by;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, data, size);
}

static void record(int op, const char *first, const char *second, uint64_t inode, uint64_t offset,
                   const void *data, uint64_t size)
{
    if (trace_fd < 0) return;
    struct record head = {op, first ? strlen(first) : 0, second ? strlen(second) : 0, 0,
                          inode, offset, size};
    struct iovec parts[4] = {{&head, sizeof head}, {(void *)first, head.first},
                             {(void *)second, head.second}, {(void *)data, data ? size : 0}};
    if (!data && op == WRITE) abort();
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    if (real(trace_fd, parts, 4) < 0) abort();
}

void shim_mark(const char *text)
{
    pthread_mutex_lock(&lock);
    record(MARK, text, NULL, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
}

void shim_fail(const char *what, long long in, int from_there_on)
{
    for (int kind = 0; kind < F_KINDS; kind++)
        if (!strcmp(names[kind], what)) {
            fail_in[kind] = in;
            fail_on[kind] = from_there_on;
        }
}

void shim_space(long long bytes) { space = bytes; }
void shim_lie(int yes) { lie = yes; }
long long shim_calls(int kind) { return calls[kind]; }

void shim_reset(void)
{
    memset(fail_in, 0, sizeof fail_in);
    memset(fail_on, 0, sizeof fail_on);
    space = -1;
    lie = 0;
}

static int fails(int kind)
{
    calls[kind]++;
    if (fail_in[kind] <= 0) return 0;
    if (fail_in[kind] > 1) {
        fail_in[kind]--;
        return 0;
    }
    if (!fail_on[kind]) fail_in[kind] = 0;
    errno = EIO;
    return 1;
}

static void parse_fail(char *text)
{
    for (char *rest, *one = strtok_r(text, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
        char *colon = strchr(one, ':');
        if (!colon) continue;
        *colon = 0;
        shim_fail(one, atoll(colon + 1), strchr(colon + 1, '+') != NULL);
    }
}

__attribute__((constructor)) static void start(void)
{
    const char *wanted = getenv("SHIM_DIR"), *trace = getenv("SHIM_TRACE"), *text;
    if ((text = getenv("SHIM_CLOCK"))) {
        static int (*real)(const char *, int, ...);
        real = dlsym(RTLD_NEXT, "open64");
        void *found = mmap(NULL, sizeof *wrong_by, PROT_READ, MAP_SHARED, real(text, O_RDONLY), 0);
        if (found != MAP_FAILED) wrong_by = found;
    }
    if (!wanted || !realpath(wanted, dir)) return;
    dir_len = strlen(dir);
    if (trace) {
        static int (*real)(const char *, int, ...);
        real = dlsym(RTLD_NEXT, "open64");
        trace_fd = real(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    if ((text = getenv("SHIM_FAIL"))) {
        char copy[256];
        snprintf(copy, sizeof copy, "%s", text);
        parse_fail(copy);
    }
    if ((text = getenv("SHIM_SPACE"))) space = atoll(text);
    if ((text = getenv("SHIM_LIE"))) lie = atoi(text);
}

static int below(const char *path)
{
    return dir_len && !strncmp(path, dir, dir_len) && (path[dir_len] == '/' || !path[dir_len]);
}

/* Make a path absolute; 1 if it lies below SHIM_DIR. */
static int absolute(int at, const char *path, char *out)
{
    if (!dir_len || !path) return 0;
    if (*path == '/') {
        snprintf(out, PATH_MAX, "%s", path);
        return below(out);
    }
    char base[PATH_MAX], link[64];
    if (at == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t size = readlink(link, base, sizeof base - 1);
        if (size < 0) return 0;
        base[size] = 0;
    }
    if (strlen(base) + strlen(path) + 2 > PATH_MAX) return 0;
    strcpy(out, base);
    strcat(out, "/");
    strcat(out, path);
    return below(out);
}

static const char *tracked(int fd) { return fd >= 0 && fd < MAX_FD ? paths[fd] : NULL; }

static void track(int fd, const char *path)
{
    if (fd < 0 || fd >= MAX_FD) return;
    free(paths[fd]);
    paths[fd] = path ? strdup(path) : NULL;
}

static uint64_t inode_of(int fd)
{
    struct stat state;
    return fstat(fd, &state) ? 0 : state.st_ino;
}

static int opened(int at, const char *path, int flags, mode_t mode)
{
    REAL(int, "openat64", int, const char *, int, ...);
    char full[PATH_MAX];
    if (!absolute(at, path, full)) return real(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int fd = -1;
    if (!(flags & (O_WRONLY | O_RDWR)) || !fails(F_OPEN)) {
        struct stat before;
        int existed = stat(full, &before) == 0;
        fd = real(at, path, flags, mode);
        if (fd >= 0) {
            track(fd, full);
            uint64_t inode = inode_of(fd);
            record(existed ? OPEN : CREATE, full, NULL, inode, 0, NULL, 0);
            if (existed && (flags & O_TRUNC)) record(TRUNCATE, NULL, NULL, inode, 0, NULL, 0);
        }
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char *path, int flags) { return opened(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return opened(at, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd)
{
    REAL(int, "close", int);
    if (!tracked(fd)) return real(fd);
    pthread_mutex_lock(&lock);
    track(fd, NULL);
    int done = real(fd);
    pthread_mutex_unlock(&lock);
    return done;
}

/* Return how much of a write may pass, -1 with errno if nothing. */
static ssize_t allowed(size_t size)
{
    if (fails(F_WRITE)) return -1;
    if (space < 0 || (long long)size <= space) {
        if (space >= 0) space -= size;
        return size;
    }
    ssize_t part = space;
    space = 0;
    if (part) return part;
    errno = ENOSPC;
    return -1;
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (!tracked(fd)) return real_write(fd, data, size);
    pthread_mutex_lock(&lock);
    ssize_t part = allowed(size);
    if (part >= 0) {
        off64_t at = fcntl(fd, F_GETFL) & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
        part = real_write(fd, data, part);
        if (part > 0) record(WRITE, NULL, NULL, inode_of(fd), at, data, part);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return part;
}

static ssize_t put(int fd, const void *data, size_t size, off64_t at)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!tracked(fd)) return real(fd, data, size, at);
    pthread_mutex_lock(&lock);
    ssize_t part = allowed(size);
    if (part >= 0) {
        part = real(fd, data, part, at);
        if (part > 0) record(WRITE, NULL, NULL, inode_of(fd), at, data, part);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return part;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return put(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return put(fd, data, size, at); }

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!tracked(fd)) return real(fd, parts, count);
    ssize_t total = 0;
    for (int index = 0; index < count; index++) {
        ssize_t done = write(fd, parts[index].iov_base, parts[index].iov_len);
        if (done < 0) return total ? total : done;
        total += done;
        if ((size_t)done < parts[index].iov_len) break;
    }
    return total;
}

static int synced(int fd, const char *name)
{
    static int (*reals[2])(int);
    int which = name[1] == 'd';
    if (!reals[which]) reals[which] = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *path = tracked(fd);
    if (!path) return reals[which](fd);
    pthread_mutex_lock(&lock);
    int done = -1;
    if (!fails(F_SYNC)) {
        struct stat state;
        done = lie ? 0 : reals[which](fd);
        if (!done && !lie && !fstat(fd, &state))
            record(S_ISDIR(state.st_mode) ? SYNC_DIR : SYNC, path, NULL, state.st_ino, 0, NULL, 0);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }

/* Syncs asked for through the kernel's queue (connector/disk.py) are done here and now; of those
 * that fail, the answer says so when it is fetched. What is left for the kernel is done twice. */
#define REFUSED 64
static uint64_t refused[REFUSED], asked;
static int refusals;

static void queued(long count, struct iocb **wanted)
{
    for (long index = 0; index < count; index++) {
        struct iocb *one = wanted[index];
        int data_only = one->aio_lio_opcode == IOCB_CMD_FDSYNC;
        if (!data_only && one->aio_lio_opcode != IOCB_CMD_FSYNC) continue;
        if (!tracked(one->aio_fildes) || !synced(one->aio_fildes, data_only ? "fdatasync" : "fsync"))
            continue;
        pthread_mutex_lock(&lock);
        if (refusals == REFUSED) abort();
        one->aio_data = refused[refusals++] = ++asked;
        pthread_mutex_unlock(&lock);
    }
}

static void answered(long count, struct io_event *events)
{
    pthread_mutex_lock(&lock);
    for (long index = 0; index < count; index++)
        for (int known = 0; known < refusals; known++)
            if (refused[known] == events[index].data) {
                events[index].res = -EIO;
                refused[known--] = refused[--refusals];
            }
    pthread_mutex_unlock(&lock);
}

long syscall(long number, ...)
{
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long given[6];
    va_list more;
    va_start(more, number);
    for (int index = 0; index < 6; index++) given[index] = va_arg(more, long);
    va_end(more);
    if (number == SYS_io_submit) queued(given[1], (struct iocb **)given[2]);
    long done = real(number, given[0], given[1], given[2], given[3], given[4], given[5]);
    if (number == SYS_io_getevents && done > 0) answered(done, (struct io_event *)given[3]);
    return done;
}

static int cut(int fd, off64_t size)
{
    REAL(int, "ftruncate64", int, off64_t);
    if (!tracked(fd)) return real(fd, size);
    pthread_mutex_lock(&lock);
    int done = real(fd, size);
    if (!done) record(TRUNCATE, NULL, NULL, inode_of(fd), size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

static int moved(int from_at, const char *from, int to_at, const char *to)
{
    REAL(int, "renameat", int, const char *, int, const char *);
    char full[PATH_MAX], goal[PATH_MAX];
    if (!absolute(from_at, from, full) || !absolute(to_at, to, goal))
        return real(from_at, from, to_at, to);
    pthread_mutex_lock(&lock);
    int done = fails(F_RENAME) ? -1 : real(from_at, from, to_at, to);
    if (!done) record(RENAME, full, goal, 0, 0, NULL, 0);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return moved(from_at, from, to_at, to); }

static int linked(int from_at, const char *from, int to_at, const char *to, int flags)
{
    REAL(int, "linkat", int, const char *, int, const char *, int);
    char full[PATH_MAX], goal[PATH_MAX];
    if (!absolute(from_at, from, full) || !absolute(to_at, to, goal))
        return real(from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int done = fails(F_RENAME) ? -1 : real(from_at, from, to_at, to, flags);
    if (!done) record(LINK, full, goal, 0, 0, NULL, 0);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int link(const char *from, const char *to) { return linked(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) { return linked(from_at, from, to_at, to, flags); }

static int removed(int at, const char *path, int flags)
{
    REAL(int, "unlinkat", int, const char *, int);
    char full[PATH_MAX];
    if (!absolute(at, path, full)) return real(at, path, flags);
    pthread_mutex_lock(&lock);
    int done = real(at, path, flags);
    if (!done) record(flags & AT_REMOVEDIR ? RMDIR : UNLINK, full, NULL, 0, 0, NULL, 0);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int at, const char *path, mode_t mode)
{
    REAL(int, "mkdirat", int, const char *, mode_t);
    char full[PATH_MAX];
    if (!absolute(at, path, full)) return real(at, path, mode);
    pthread_mutex_lock(&lock);
    int done = real(at, path, mode);
    if (!done) record(MKDIR, full, NULL, 0, 0, NULL, 0);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return made(at, path, mode); }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int done = real(clock, now);
    if (!done && wrong_by && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *wrong_by;
    return done;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
