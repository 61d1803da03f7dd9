internal import CoreMetrics
internal import Glibc
public import Logging
internal import Synchronization
public import TLS
internal import Transport

/// Watches the files of a server's certificate, and makes a new context whenever they have come to hold something else.
///
/// A Secret mounted as a volume changes by a symbolic link put in place of another, a file of one's own by writing or
/// renaming: both are seen by inotify at once, and by a look every ten seconds where inotify sees nothing. What counts is
/// the content. Files that make no usable context are told once and counted; the context in use stays.
///
/// It reads files, so it has a loop, and thereby a thread, of its own.
public final class CertificateReloader: Sendable {
  /// Where the certificate comes from, and how it is served; the arguments of `TLSServerContext`.
  public struct Source: Sendable {
    /// PEM file of the certificate and its chain.
    public var certificateFile: String
    /// PEM file of its key.
    public var keyFile: String
    /// PEM file of the authorities of client certificates, if clients must have one.
    public var clientCAFile: String?
    /// Names that clients may have.
    public var allowedClientNames: [String]
    /// Protocols offered.
    public var alpn: [ALPN]

    /// A certificate for `alpn` from these files.
    public init(
      certificateFile: String, keyFile: String, clientCAFile: String? = nil,
      allowedClientNames: [String] = [],
      alpn: [ALPN] = [.h2, .http1_1]
    ) {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
      self.clientCAFile = clientCAFile
      self.allowedClientNames = allowedClientNames
      self.alpn = alpn
    }

    /// Reads the files as they are now.
    func load() throws(TLSError) -> TLSServerContext {
      try TLSServerContext(
        certificateFile: certificateFile, keyFile: keyFile, clientCAFile: clientCAFile,
        allowedClientNames: allowedClientNames, alpn: alpn)
    }

    fileprivate var files: [String] { [certificateFile, keyFile] + (clientCAFile.map { [$0] } ?? []) }

    fileprivate var directories: Set<String> {
      Set(
        files.map { file in
          guard let slash = file.lastIndex(of: "/") else { return "." }
          return String(file[...slash])
        })
    }
  }

  /// How often it was tried to use changed files.
  public struct Statistics: Sendable, Equatable {
    /// Contexts made and handed on.
    public var replaced = 0
    /// Files that could not be used.
    public var refused = 0
  }

  /// The context made of the files as they were at first.
  public let initial: TLSServerContext

  private let source: Source
  private let interval: UInt64
  private let settleTime: UInt64
  private let logger: Logger
  private let onReplace: @Sendable (TLSServerContext) -> Void
  private let state: Mutex<(statistics: Statistics, content: [[UInt8]?])>
  private let replaced: Counter
  private let refused: Counter
  private let loop: EventLoop

  /// Reads the files, and watches them from now on, until `stop`.
  ///
  /// - Parameters:
  ///   - interval: nanoseconds between two looks of its own accord.
  ///   - settleTime: nanoseconds after a change in which further ones are awaited, since a certificate and its key are
  ///     seldom written at once.
  ///   - onReplace: gets each context after the `initial` one, on the reloader's thread.
  /// - Throws: what makes the files of no use now, or what the kernel refuses.
  public init(
    _ source: Source, interval: UInt64 = 10_000_000_000, settleTime: UInt64 = 50_000_000, logger: Logger,
    onReplace: @escaping @Sendable (TLSServerContext) -> Void
  ) throws {
    self.source = source
    self.interval = interval
    self.settleTime = settleTime
    self.logger = logger
    self.onReplace = onReplace
    // In this order: what changes in between is seen by the first look.
    state = Mutex((Statistics(), source.files.map(Self.read)))
    initial = try source.load()
    let name = "spiderpool_webhook_certificate_reloads_total"
    replaced = Counter(label: name, dimensions: [("result", "success")])
    refused = Counter(label: name, dimensions: [("result", "failure")])
    loop = try EventLoop(name: "certificates")
    loop.execute { [self] reactor in watch(reactor) }
  }

  /// Watches no more.
  public func stop() async {
    loop.stop()
    await loop.stopped()
  }

  /// What it has done so far.
  public var statistics: Statistics { state.withLock { $0.statistics } }

  private func watch(_ reactor: Reactor) {
    let alarm = Alarm(reactor: reactor) { [self] alarm in
      alarm.set(reactor.now &+ (look() ? interval : settleTime))
    }
    alarm.set(reactor.now &+ interval)
    do {
      let watch = try DirectoryWatch(reactor: reactor) { [settleTime] in alarm.set(reactor.now &+ settleTime)
      }
      for directory in source.directories { try watch.watch(directory) }
    } catch {
      logger.warning("certificate files are only looked at now and then", metadata: ["error": "\(error)"])
    }
    // What changed before the watch began.
    if !look() { alarm.set(reactor.now &+ settleTime) }
  }

  /// Uses the files if they have changed. False: they are being changed right now, and are to be looked at again.
  private func look() -> Bool {
    let content = source.files.map(Self.read)
    guard state.withLock({ $0.content != content }) else { return true }
    let loaded = Result { try source.load() }
    // One file of the old pair and one of the new are no pair, and what was loaded may be newer than what was read.
    guard source.files.map(Self.read) == content else { return false }
    state.withLock { $0.content = content }
    use(loaded)
    return true
  }

  private func use(_ loaded: Result<TLSServerContext, any Error>) {
    do {
      let context = try loaded.get()
      state.withLock { $0.statistics.replaced += 1 }
      replaced.increment()
      logger.info(
        "certificate replaced",
        metadata: ["serial": "\(context.certificate.serial)", "notAfter": "\(context.certificate.notAfter)"])
      onReplace(context)
    } catch {
      state.withLock { $0.statistics.refused += 1 }
      refused.increment()
      logger.error("changed certificate refused, the old one stays", metadata: ["error": "\(error)"])
    }
  }

  /// The first mebibyte of a file, nil if it cannot be read.
  private static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    return [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
  }
}
