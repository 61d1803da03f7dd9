internal import CLinux
internal import Glibc

/// Tells that something in some directories has changed. Confined to its loop's thread.
///
/// Told are files written and closed, made, moved and removed, but not which: whoever is told looks for itself. A directory
/// that is removed is not watched any more until `watch` is called again.
public final class DirectoryWatch: EventSource {
  private var inotify: Descriptor
  private let onChange: () -> Void

  /// Watches nothing yet.
  public init(reactor: Reactor, onChange: @escaping () -> Void) throws(SystemError) {
    inotify = Descriptor(owning: try SystemCall.inotifyCreate())
    self.onChange = onChange
    super.init(reactor: reactor)
    try reactor.register(self, inotify.number, EPOLLIN.rawValue)
  }

  /// Watches `directory` too; harmless if it is watched already.
  public func watch(_ directory: String) throws(SystemError) {
    try SystemCall.inotifyAdd(inotify.number, directory)
  }

  override func ready(_ events: UInt32) {
    // Level-triggered: what does not fit is reported again.
    if case .bytes = SystemCall.read(inotify.number, reactor.receiveBuffer) { onChange() }
  }

  override func loopStopped() {
    reactor.unregister(self)
    inotify.close()
  }
}
