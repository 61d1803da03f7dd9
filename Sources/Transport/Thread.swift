internal import CLinux
internal import Glibc

/// Threads for what must not share one.
enum Thread {
  private final class Body {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// pthread_create(3), detached, with every signal blocked: signals are the main thread's business.
  ///
  /// - Parameter body: handed over to the new thread whole; the caller must not touch again what it captures.
  static func start(name: String, _ body: @escaping () -> Void) throws(SystemError) {
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw SystemError("pthread_create", code)
    }
    _ = String(name.prefix(15)).withCString { pthread_setname_np(thread, $0) }
    pthread_detach(thread)
  }
}
