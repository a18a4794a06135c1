/*
 * Emulates a disk that keeps only what was synced. Preloaded into a process (LD_PRELOAD).
 *
 * The tree below POWERCUT_ROOT is what the process sees: files, and what the page cache adds to them. The tree below
 * POWERCUT_DISK is what the platters have: fsync, fdatasync, msync and writes with O_SYNC or O_DSYNC copy to it what
 * changed since the last sync. After the process was killed, tests/powercut/disk.py replaces the first tree by the second.
 *
 * Names (created, renamed, linked and removed files and folders) reach the disk in their order at the next sync of any
 * file or folder by the process, as in a journal of ext4 or XFS. A file whose name is on the disk and whose content was
 * never synced is empty.
 *
 * Not seen: writes by stdio, by system calls without libc, and by other processes. A name ending in -shm is left out:
 * SQLite builds that file again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 65536
#define BUCKETS 4096
#define MOST_RANGES 4096
#define BLOCK (256 * 1024)

typedef struct {
  off_t from, to;
} Range;

/* What changed in a file since its last sync. */
typedef struct File {
  dev_t device;
  ino_t inode;
  int whole;   /* everything may have changed */
  off_t least; /* the smallest size meanwhile, or -1 */
  int count;
  Range *ranges;
  struct File *next;
} File;

typedef struct Mapping {
  char *start;
  size_t length;
  off_t offset;
  File *file;
  int fd;     /* a duplicate, which finds the present name of the file */
  char *copy; /* the same part of the file on the disk, once it was needed */
  char *copy_path;
  struct Mapping *next;
} Mapping;

typedef enum { CREATE, FOLDER, RENAME, LINK, REMOVE } Kind;

typedef struct Change {
  Kind kind;
  char *path, *target;
  struct Change *next;
} Change;

static char root[PATH_MAX], disk[PATH_MAX];
static size_t root_length;
static File *buckets[BUCKETS];
static File *by_fd[MOST_FDS];
static char always_synced[MOST_FDS];
static Mapping *mappings; /* used with `syncing` locked */
static Change *first_change, **last_change = &first_change;
static pthread_mutex_t tables = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t syncing = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
  const char *r = getenv("POWERCUT_ROOT"), *d = getenv("POWERCUT_DISK");
  if (r && d && *r == '/' && *d == '/') {
    snprintf(disk, sizeof disk, "%s", d);
    snprintf(root, sizeof root, "%s", r);
    root_length = strlen(root);
  }
}

/* Paths */

static int is_below(const char *path) {
  if (!root_length || strncmp(path, root, root_length) || (path[root_length] != '/' && path[root_length])) return 0;
  size_t length = strlen(path);
  return length < 4 || strcmp(path + length - 4, "-shm");
}

/* The absolute path without `.`, `..` and empty parts; 0 if it is not below the root. */
static int resolve(int folder, const char *path, char *result) {
  char text[2 * PATH_MAX] = "";
  if (*path != '/') {
    if (folder == AT_FDCWD) {
      if (syscall(SYS_getcwd, text, (size_t)PATH_MAX) < 0) return 0;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
      ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, text, (size_t)PATH_MAX - 1);
      if (length < 0) return 0;
      text[length] = 0;
    }
    strncat(text, "/", sizeof text - strlen(text) - 1);
  }
  strncat(text, path, sizeof text - strlen(text) - 1);
  size_t length = 0;
  for (char *rest = text, *part; (part = strsep(&rest, "/"));) {
    if (!*part || !strcmp(part, ".")) continue;
    if (!strcmp(part, "..")) {
      while (length && result[--length] != '/');
    } else {
      size_t size = strlen(part);
      if (length + size + 2 > PATH_MAX) return 0;
      result[length++] = '/';
      memcpy(result + length, part, size);
      length += size;
    }
    result[length] = 0;
  }
  return length && is_below(result);
}

static int path_of(int fd, char *result) {
  char link[64];
  if (!root_length) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, result, (size_t)PATH_MAX - 1);
  if (length < 0) return 0;
  result[length] = 0;
  return is_below(result);
}

static void on_disk(const char *path, char *result) {
  snprintf(result, PATH_MAX, "%s%s", disk, path + root_length);
}

/* Names */

static void note(Kind kind, const char *path, const char *target) {
  Change *change = calloc(1, sizeof *change);
  change->kind = kind;
  change->path = strdup(path);
  change->target = target ? strdup(target) : NULL;
  pthread_mutex_lock(&tables);
  *last_change = change;
  last_change = &change->next;
  pthread_mutex_unlock(&tables);
}

static void make_folders(char *path, int last) {
  for (char *slash = path + strlen(disk) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    syscall(SYS_mkdirat, AT_FDCWD, path, 0777);
    *slash = '/';
  }
  if (last) syscall(SYS_mkdirat, AT_FDCWD, path, 0777);
}

static int make_file(char *path, mode_t mode) {
  make_folders(path, 0);
  return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, mode & 0777);
}

static void remove_name(const char *path) {
  if (syscall(SYS_unlinkat, AT_FDCWD, path, 0) < 0) syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* Write all noted changes of names to the disk. Called with `syncing` locked. */
static void write_names(void) {
  pthread_mutex_lock(&tables);
  Change *change = first_change;
  first_change = NULL;
  last_change = &first_change;
  pthread_mutex_unlock(&tables);
  while (change) {
    char path[PATH_MAX], target[PATH_MAX] = "";
    int fd = -1;
    on_disk(change->path, path);
    if (change->target) on_disk(change->target, target);
    if (change->kind == CREATE) fd = make_file(path, 0666);
    if (change->kind == FOLDER) make_folders(path, 1);
    if (change->kind == REMOVE) remove_name(path);
    if (change->kind == RENAME) {
      make_folders(target, 0);
      if (syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, target, 0) < 0) {
        remove_name(target);
        fd = make_file(target, 0666);
      }
    }
    if (change->kind == LINK) {
      make_folders(target, 0);
      if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, target, 0) < 0) fd = make_file(target, 0666);
    }
    if (fd >= 0) syscall(SYS_close, fd);
    Change *done = change;
    change = change->next;
    free(done->path);
    free(done->target);
    free(done);
  }
}

/* Contents */

/* Called with `tables` locked. */
static File *find(dev_t device, ino_t inode) {
  File **bucket = &buckets[inode % BUCKETS];
  for (File *file = *bucket; file; file = file->next)
    if (file->inode == inode && file->device == device) return file;
  File *file = calloc(1, sizeof *file);
  file->device = device;
  file->inode = inode;
  file->whole = 1; /* an earlier process may have written it */
  file->least = -1;
  file->next = *bucket;
  return *bucket = file;
}

static void changed(int fd, off_t from, off_t to) {
  File *file = by_fd[fd];
  if (!file || to <= from) return;
  pthread_mutex_lock(&tables);
  Range *last = file->count ? &file->ranges[file->count - 1] : NULL;
  if (last && from <= last->to && to >= last->from) {
    if (from < last->from) last->from = from;
    if (to > last->to) last->to = to;
  } else if (file->count < MOST_RANGES) {
    if (!file->ranges) file->ranges = malloc(MOST_RANGES * sizeof(Range));
    file->ranges[file->count++] = (Range){from, to};
  } else {
    file->whole = 1;
  }
  pthread_mutex_unlock(&tables);
}

static void copy(int in, int out, off_t from, off_t to, int skip_zeros) {
  char *block = malloc(BLOCK);
  while (from < to) {
    size_t wanted = to - from < BLOCK ? (size_t)(to - from) : BLOCK;
    ssize_t found = syscall(SYS_pread64, in, block, wanted, from);
    if (found <= 0) break;
    int zeros = skip_zeros && !*block && !memcmp(block, block + 1, (size_t)found - 1);
    if (!zeros) syscall(SYS_pwrite64, out, block, (size_t)found, from);
    from += found;
  }
  free(block);
}

static void unmap_copy(Mapping *mapping) {
  if (mapping->copy) syscall(SYS_munmap, mapping->copy, mapping->length);
  free(mapping->copy_path);
  mapping->copy = mapping->copy_path = NULL;
}

/* Copy the blocks of a mapping that differ, from `from` to `to`, to the file `out`, which is at `path`. */
static void copy_memory(Mapping *mapping, size_t from, size_t to, int out, const char *path) {
  if (!mapping->copy || strcmp(mapping->copy_path, path)) {
    unmap_copy(mapping);
    void *copy = (void *)syscall(
        SYS_mmap, NULL, mapping->length, PROT_READ | PROT_WRITE, MAP_SHARED, out, mapping->offset);
    if (copy == MAP_FAILED) return;
    mapping->copy = copy;
    mapping->copy_path = strdup(path);
  }
  while (from < to) {
    size_t size = to - from < 4096 ? to - from : 4096;
    if (memcmp(mapping->copy + from, mapping->start + from, size))
      memcpy(mapping->copy + from, mapping->start + from, size);
    from += size;
  }
}

/* Write a file, or the names in a folder, to the disk. With a mapping, write only this part of it. Return 0 if it is not
 * below the root. Called with `syncing` locked. */
static int persist_locked(int fd, Mapping *mapping, size_t from, size_t to) {
  char path[PATH_MAX], copied[PATH_MAX];
  struct stat found;
  int saved = errno;
  if (!path_of(fd, path) || fstat(fd, &found) < 0) return 0;
  write_names();
  if (S_ISREG(found.st_mode) && found.st_nlink) {
    on_disk(path, copied);
    int out = make_file(copied, found.st_mode);
    pthread_mutex_lock(&tables);
    File *file = find(found.st_dev, found.st_ino);
    File taken = *file;
    if (!mapping) {
      file->whole = 0;
      file->least = -1;
      file->count = 0;
      file->ranges = NULL;
    }
    pthread_mutex_unlock(&tables);
    if (mapping) {
      struct stat has;
      off_t left = found.st_size - mapping->offset;
      if (left < 0) left = 0;
      if (to > (size_t)left) to = (size_t)left;
      off_t end = mapping->offset + (off_t)to;
      if (!fstat(out, &has) && has.st_size < end) syscall(SYS_ftruncate, out, end);
      copy_memory(mapping, from, to, out, copied);
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      int readable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY;
      int in = readable ? fd : (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
      if (taken.whole) syscall(SYS_ftruncate, out, (off_t)0);
      if (taken.least >= 0 && taken.least < found.st_size) syscall(SYS_ftruncate, out, taken.least);
      syscall(SYS_ftruncate, out, found.st_size);
      if (taken.whole) copy(in, out, 0, found.st_size, 1);
      for (int i = 0; !taken.whole && i < taken.count; i++) copy(in, out, taken.ranges[i].from, taken.ranges[i].to, 0);
      for (Mapping *each = taken.whole ? NULL : mappings; each; each = each->next)
        if (each->file == file && each->offset < found.st_size) {
          size_t most = (size_t)(found.st_size - each->offset);
          copy_memory(each, 0, each->length < most ? each->length : most, out, copied);
        }
      if (!readable) syscall(SYS_close, in);
      free(taken.ranges);
    }
    syscall(SYS_close, out);
  }
  errno = saved;
  return 1;
}

static int persist(int fd) {
  if (!root_length) return 0;
  pthread_mutex_lock(&syncing);
  int is_ours = persist_locked(fd, NULL, 0, 0);
  pthread_mutex_unlock(&syncing);
  return is_ours;
}

/* Functions of libc */

static int opened(int fd, int flags, int is_new) {
  if (fd < 0 || fd >= MOST_FDS) return fd;
  struct stat found;
  char real[PATH_MAX];
  by_fd[fd] = NULL;
  always_synced[fd] = 0;
  if (!root_length || (flags & O_ACCMODE) == O_RDONLY || (flags & O_TMPFILE) == O_TMPFILE) return fd;
  if (!path_of(fd, real) || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode)) return fd;
  if (is_new) note(CREATE, real, NULL);
  pthread_mutex_lock(&tables);
  File *file = find(found.st_dev, found.st_ino);
  if (flags & O_TRUNC) file->least = 0;
  by_fd[fd] = file;
  pthread_mutex_unlock(&tables);
  always_synced[fd] = (flags & (O_SYNC | O_DSYNC)) != 0;
  return fd;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  int is_new = root_length && (flags & O_CREAT) && syscall(SYS_faccessat, folder, path, F_OK) < 0;
  return opened((int)syscall(SYS_openat, folder, path, flags, mode), flags, is_new);
}

#define MODE_OF(flags)                              \
  mode_t mode = 0;                                  \
  if ((flags) & (O_CREAT | O_TMPFILE)) {            \
    va_list list;                                   \
    va_start(list, flags);                          \
    mode = (mode_t)va_arg(list, int);               \
    va_end(list);                                   \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(folder, path, flags, mode);
}

int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static ssize_t wrote(int fd, ssize_t size, off_t offset) {
  if (size > 0 && fd >= 0 && fd < MOST_FDS && by_fd[fd]) {
    int saved = errno;
    if (offset < 0) offset = (off_t)syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR) - size;
    if (offset >= 0) changed(fd, offset, offset + size);
    if (always_synced[fd]) persist(fd);
    errno = saved;
  }
  return size;
}

ssize_t write(int fd, const void *data, size_t size) { return wrote(fd, syscall(SYS_write, fd, data, size), -1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return wrote(fd, syscall(SYS_writev, fd, parts, count), -1);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return wrote(fd, syscall(SYS_pwrite64, fd, data, size, offset), offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return pwrite(fd, data, size, offset); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return wrote(fd, syscall(SYS_pwritev, fd, parts, count, offset, (off_t)0), offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
  return wrote(out, syscall(SYS_sendfile, out, in, offset, size), -1);
}

ssize_t sendfile64(int out, int in, off_t *offset, size_t size) { return sendfile(out, in, offset, size); }

ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t size, unsigned flags) {
  off_t offset = to ? *to : -1;
  return wrote(out, syscall(SYS_copy_file_range, in, from, out, to, size, flags), offset);
}

int ftruncate(int fd, off_t size) {
  int result = (int)syscall(SYS_ftruncate, fd, size);
  if (!result && fd >= 0 && fd < MOST_FDS && by_fd[fd]) {
    pthread_mutex_lock(&tables);
    File *file = by_fd[fd];
    if (file->least < 0 || size < file->least) file->least = size;
    pthread_mutex_unlock(&tables);
  }
  return result;
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int fsync(int fd) { return persist(fd) ? 0 : (int)syscall(SYS_fsync, fd); }

int fdatasync(int fd) { return persist(fd) ? 0 : (int)syscall(SYS_fdatasync, fd); }

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  void *start = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
  int is_shared = (flags & 0x0f) == MAP_SHARED || (flags & 0x0f) == MAP_SHARED_VALIDATE;
  if (start == MAP_FAILED || fd < 0 || fd >= MOST_FDS || !by_fd[fd] || !is_shared || !(protection & PROT_WRITE))
    return start;
  Mapping *mapping = calloc(1, sizeof *mapping);
  *mapping = (Mapping){start, length, offset, by_fd[fd], fcntl(fd, F_DUPFD_CLOEXEC, 0), NULL, NULL, NULL};
  pthread_mutex_lock(&syncing);
  mapping->next = mappings;
  mappings = mapping;
  pthread_mutex_unlock(&syncing);
  return start;
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}

int msync(void *address, size_t length, int flags) {
  if (!root_length) return (int)syscall(SYS_msync, address, length, flags);
  pthread_mutex_lock(&syncing);
  Mapping *mapping = mappings;
  while (mapping && !((char *)address >= mapping->start && (char *)address < mapping->start + mapping->length))
    mapping = mapping->next;
  if (mapping && (flags & MS_SYNC)) {
    size_t from = (size_t)((char *)address - mapping->start), left = mapping->length - from;
    persist_locked(mapping->fd, mapping, from, from + (length < left ? length : left));
  }
  pthread_mutex_unlock(&syncing);
  return mapping ? 0 : (int)syscall(SYS_msync, address, length, flags);
}

int munmap(void *address, size_t length) {
  if (root_length) {
    pthread_mutex_lock(&syncing);
    for (Mapping **each = &mappings; *each; each = &(*each)->next)
      if ((*each)->start == address) {
        Mapping *gone = *each;
        gone->file->whole = 1;
        *each = gone->next;
        unmap_copy(gone);
        syscall(SYS_close, gone->fd);
        free(gone);
        break;
      }
    pthread_mutex_unlock(&syncing);
  }
  return (int)syscall(SYS_munmap, address, length);
}

static int noted(int result, Kind kind, int folder, const char *path, int other, const char *target) {
  char from[PATH_MAX] = "", to[PATH_MAX] = "";
  if (result || !root_length) return result;
  int saved = errno, is_ours = resolve(folder, path, from);
  if (target && !resolve(other, target, to)) is_ours = 0;
  if (is_ours) note(kind, from, target ? to : NULL);
  errno = saved;
  return result;
}

int renameat2(int from, const char *path, int to, const char *target, unsigned flags) {
  return noted((int)syscall(SYS_renameat2, from, path, to, target, flags), RENAME, from, path, to, target);
}

int renameat(int from, const char *path, int to, const char *target) { return renameat2(from, path, to, target, 0); }

int rename(const char *path, const char *target) { return renameat2(AT_FDCWD, path, AT_FDCWD, target, 0); }

int linkat(int from, const char *path, int to, const char *target, int flags) {
  return noted((int)syscall(SYS_linkat, from, path, to, target, flags), LINK, from, path, to, target);
}

int link(const char *path, const char *target) { return linkat(AT_FDCWD, path, AT_FDCWD, target, 0); }

int unlinkat(int folder, const char *path, int flags) {
  return noted((int)syscall(SYS_unlinkat, folder, path, flags), REMOVE, folder, path, 0, NULL);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
  if (!unlink(path)) return 0;
  return errno == EISDIR ? rmdir(path) : -1;
}

int mkdirat(int folder, const char *path, mode_t mode) {
  return noted((int)syscall(SYS_mkdirat, folder, path, mode), FOLDER, folder, path, 0, NULL);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
