internal import CLinux

/// The C library's allocator, which all of the process shares.
public enum Allocator {
  /// Gives blocks above 128 KiB back to the kernel as soon as they are freed. Left alone, the allocator raises that bound with
  /// each such block that it sees freed, and keeps what reading many objects took: a sixth of a server's memory. And lets as many
  /// arenas be as there are processors, not eight times as many, each with its own half-used pages (mallopt(3)). To be called
  /// before there are threads.
  public static func keepLittle(processors: Int) {
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
    mallopt(M_ARENA_MAX, Int32(clamping: max(2, processors)))
  }

  /// Gives all free pages back to the kernel, those between blocks in use too. Takes milliseconds; for the end of a time in which
  /// much was read that is not needed any more (malloc_trim(3)).
  public static func trim() { malloc_trim(0) }

  /// Lets go of code and constants that only the start has needed: half of what a process that has just started holds. What is
  /// still needed comes back from the page cache by itself.
  public static func releaseCode() { CLinux_release_code() }
}
