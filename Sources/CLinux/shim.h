// Linux system calls that the Glibc module map leaves out.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

// The address of a socket, as the calls below take and give it.
typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_storage room;
} CLinux_address;

// Declared by the C library only under _GNU_SOURCE, which the importer of a module does not define.
int accept4(int, struct sockaddr *, socklen_t *, int);
int pthread_setname_np(pthread_t, const char *);

// The program's clean pages of code and constants: the kernel reads them again from its file when they are next touched.
// Segments that may be written hold relocations, and are left alone.
static inline void CLinux_release_code(void) {
  const ElfW(Phdr) *segments = (const ElfW(Phdr) *)getauxval(AT_PHDR);
  unsigned long count = getauxval(AT_PHNUM);
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t base = 0;
  for (unsigned long i = 0; i < count; i++) {
    if (segments[i].p_type == PT_PHDR) base = (uintptr_t)segments - segments[i].p_vaddr;
  }
  for (unsigned long i = 0; base != 0 && i < count; i++) {
    if (segments[i].p_type != PT_LOAD || (segments[i].p_flags & PF_W)) continue;
    uintptr_t start = (base + segments[i].p_vaddr + page - 1) & ~(page - 1);
    uintptr_t end = (base + segments[i].p_vaddr + segments[i].p_filesz) & ~(page - 1);
    if (start < end) (void)madvise((void *)start, end - start, MADV_DONTNEED);
  }
}
