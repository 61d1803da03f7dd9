internal import CLinux

/// The C library's allocator, which all of the process shares.
public enum Allocator {
  /// Gives blocks above 128 KiB back to the kernel as soon as they are freed. Left alone, the allocator raises that bound with
  /// each such block that it sees freed, and keeps what reading many objects took: a sixth of a server's memory (mallopt(3)).
  public static func returnLargeBlocks() {
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
  }
}
