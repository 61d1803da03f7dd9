internal import CLinux

/// The C library's allocator, which all of the process shares.
public enum Allocator {
  /// Gives blocks above 128 KiB back to the kernel as soon as they are freed. Left alone, the allocator raises that bound with
  /// each such block that it sees freed, and keeps what reading many objects took: a sixth of a server's memory (mallopt(3)).
  public static func returnLargeBlocks() {
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
  }

  /// Gives all free pages back to the kernel, those between blocks in use too. Takes milliseconds; for the end of a time in which
  /// much was read that is not needed any more (malloc_trim(3)).
  public static func trim() { malloc_trim(0) }
}
