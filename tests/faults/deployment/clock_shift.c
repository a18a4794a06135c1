/* Shifts the wall clock of one process, for LD_PRELOAD. CHATLY_CLOCK_SHIFT names a file of 8 bytes: the shift in
 * nanoseconds, which may change at any time. The monotonic clock stays right.
 *
 * The kernel's clock is not shifted. So functions that wait until a wall-clock time get that time without the shift. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define ORIGINAL(name) ((__typeof__(&name))original(#name, NULL))

static int64_t none;
static volatile const int64_t *shift = &none;

static void *original(const char *name, const char *version) {
  return version ? dlvsym(RTLD_NEXT, name, version) : dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void map(void) {
  const char *path = getenv("CHATLY_CLOCK_SHIFT");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) shift = mapped;
}

static struct timespec moved(const struct timespec *at, int64_t by) {
  int64_t all = at->tv_sec * SECOND + at->tv_nsec + by;
  if (all < 0) all = 0;
  return (struct timespec){.tv_sec = all / SECOND, .tv_nsec = all % SECOND};
}

static int is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

static int now(clockid_t clock, struct timespec *at) {
  static int (*read_clock)(clockid_t, struct timespec *);
  if (!read_clock) read_clock = ORIGINAL(clock_gettime);
  int failed = read_clock(clock, at);
  if (!failed && *shift && is_wall(clock)) *at = moved(at, *shift);
  return failed;
}

int clock_gettime(clockid_t clock, struct timespec *at) { return now(clock, at); }

int timespec_get(struct timespec *at, int base) { return base == TIME_UTC && !now(CLOCK_REALTIME, at) ? base : 0; }

int gettimeofday(struct timeval *at, void *zone) {
  (void)zone;
  struct timespec found;
  now(CLOCK_REALTIME, &found);
  *at = (struct timeval){.tv_sec = found.tv_sec, .tv_usec = found.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *at) {
  struct timespec found;
  now(CLOCK_REALTIME, &found);
  if (at) *at = found.tv_sec;
  return found.tv_sec;
}

/* Waits: `until` is a time of the shifted clock. */

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
  static int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!wait) wait = original("pthread_cond_timedwait", "GLIBC_2.3.2"); /* an older one has another pthread_cond_t */
  if (!wait) wait = ORIGINAL(pthread_cond_timedwait);
  int is_monotonic = cond->__data.__wrefs & 2; /* glibc: pthread_condattr_setclock */
  struct timespec real = is_monotonic ? *until : moved(until, -*shift);
  return wait(cond, mutex, &real);
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until) {
  struct timespec real = is_wall(clock) ? moved(until, -*shift) : *until;
  return ORIGINAL(pthread_cond_clockwait)(cond, mutex, clock, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
  struct timespec real = moved(until, -*shift);
  return ORIGINAL(pthread_mutex_timedlock)(mutex, &real);
}

int cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until) {
  struct timespec real = moved(until, -*shift);
  return ORIGINAL(cnd_timedwait)(cond, mutex, &real);
}

int mtx_timedlock(mtx_t *mutex, const struct timespec *until) {
  struct timespec real = moved(until, -*shift);
  return ORIGINAL(mtx_timedlock)(mutex, &real);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
  struct timespec real = moved(until, -*shift);
  return ORIGINAL(sem_timedwait)(semaphore, &real);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
  struct timespec real = is_wall(clock) ? moved(until, -*shift) : *until;
  return ORIGINAL(sem_clockwait)(semaphore, clock, &real);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  int shifted = is_wall(clock) && (flags & TIMER_ABSTIME);
  struct timespec real = shifted ? moved(until, -*shift) : *until;
  return ORIGINAL(clock_nanosleep)(clock, flags, &real, left);
}

/* Locks of C++ libraries call the kernel directly. */
long syscall(long number, ...) {
  static long (*call)(long, ...);
  if (!call) call = ORIGINAL(syscall);
  long argument[6];
  va_list list;
  va_start(list, number);
  for (int each = 0; each < 6; each++) argument[each] = va_arg(list, long);
  va_end(list);
  struct timespec real;
  if (number == SYS_futex && (argument[1] & FUTEX_CLOCK_REALTIME) && argument[3]) {
    real = moved((const struct timespec *)argument[3], -*shift);
    argument[3] = (long)&real;
  } else if (number == SYS_clock_gettime) {
    struct timespec *at = (struct timespec *)argument[1];
    return now((clockid_t)argument[0], at);
  }
  return call(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
