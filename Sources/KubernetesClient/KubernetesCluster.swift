public import Cluster
internal import HTTP
public import JSON
public import KubernetesAPI
internal import Synchronization
internal import TLS
internal import Transport

/// An API server, over HTTP/2 (or HTTP/1.1 if it speaks no more).
///
/// Errors are told as they are: nothing is tried again here but a request whose token was not accepted, once, when there is a newer
/// token. Safe to share between any number of tasks.
public final class KubernetesCluster: ClusterStore {
  /// How long to wait, and how much to take.
  public struct Options: Sendable {
    /// For one object.
    public var requestTimeout = Duration.seconds(30)
    /// For one page of a list.
    public var listTimeout = Duration.seconds(60)
    /// A watch is asked to end after a time between these, so that replicas do not all come back at once.
    public var watchSeconds = 240...480
    /// Bytes of one watch event. An object has 1.5 MiB at most in etcd.
    public var maximumEventBytes = 16 << 20

    /// The defaults.
    public init() {}
  }

  /// Where the API server is.
  public let server: ServerURL
  private let client: HTTPClient
  private let tokens: TokenSource
  private let userAgent: String
  private let options: Options
  /// The version in which CronJobs are served, once it is known.
  let cronJobVersion = Mutex<ResourceType?>(nil)

  /// Not connected yet.
  /// - Parameters:
  ///   - userAgent: names the program and its version: `spiderpool-webhook/1.0.0`.
  /// - Throws: when certificates or keys are of no use.
  public init(_ access: ClusterAccess, userAgent: String, options: Options = Options()) throws(AccessError) {
    server = access.server
    self.userAgent = userAgent
    self.options = options
    tokens = TokenSource(access.token)
    var context: TLSClientContext?
    if access.server.isSecure {
      do throws(TLSError) {
        context = try TLSClientContext(trust: access.trust, identity: access.identity)
      } catch {
        throw AccessError("the credentials for \(access.server) are of no use: \(error)")
      }
    }
    var configuration = HTTPClientConfiguration(
      host: access.server.host, port: access.server.port, tls: context)
    configuration.serverName = access.serverName
    do throws(SystemError) {
      client = try HTTPClient(configuration)
    } catch {
      throw AccessError("cannot make a client for \(access.server): \(error)")
    }
  }

  /// Ends every request and connection.
  public func close() { client.close() }

  // MARK: ClusterStore

  /// The thread of the client's connections.
  public var executor: (any TaskExecutor)? { client.executor }

  /// By the API server's discovery. A kind that is not served in its version any more is found in another one of its group.
  public func type(apiVersion: String, kind: String) async throws(ClusterError) -> ResourceType? {
    if let type = try await servedType(apiVersion, kind) { return type }
    guard let request = KubernetesRequest.versions(ofGroupOf: apiVersion), let body = try await found(request)
    else { return nil }
    var reader = AnswerReader()
    for version in try reader.versions(body) where version != apiVersion {
      if let type = try await servedType(version, kind) { return type }
    }
    return nil
  }

  private func servedType(_ apiVersion: String, _ kind: String) async throws(ClusterError) -> ResourceType? {
    guard let request = KubernetesRequest.types(apiVersion: apiVersion), let body = try await found(request)
    else { return nil }
    var reader = AnswerReader()
    return try reader.type(body, kind: kind)
  }

  /// The body of the answer; nil when there is no such thing.
  private func found(_ request: KubernetesRequest) async throws(ClusterError) -> [UInt8]? {
    do throws(ClusterError) {
      return try await send(request, options.requestTimeout)
    } catch {
      if case .notFound = error { return nil }
      throw error
    }
  }

  /// Pages of 500 from etcd. Throws `gone` when the list took so long that its version is forgotten: list again, what `onItem` has
  /// got is of no use.
  public func list(
    _ type: ResourceType, namespace: String?, onItem: (ClusterObject) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    try await pages(of: type, namespace) { view throws(ClusterError) in
      guard let object = ClusterObject(view, type) else { throw .malformed("an item of a list has no name") }
      try onItem(object)
    }
  }

  /// As `list`, in place.
  public func scan(
    _ type: ResourceType, namespace: String?, onObject: (ObjectKey, JSONView?) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    try await pages(of: type, namespace) { view throws(ClusterError) in
      let metadata = view["metadata"]
      guard let name = metadata?["name"]?.string else { throw .malformed("an item of a list has no name") }
      onObject(ObjectKey(namespace: metadata?["namespace"]?.string, name: name), view)
    }
  }

  private func pages(
    of type: ResourceType, _ namespace: String?, onItem: (JSONView) throws(ClusterError) -> Void
  ) async throws(ClusterError) -> ResourceVersion {
    let type = try await served(type)
    var page = ListPage(self, type, namespace, continuing: nil)
    while true {
      let body = try await page.body()
      var reader = AnswerReader()
      var next: ListPage?
      do throws(ClusterError) {
        let version = try reader.page(body) { token in
          next = ListPage(self, type, namespace, continuing: token)
        } onItem: { view throws(ClusterError) in
          try onItem(view)
        }
        guard let next else { return version }
        page = next
      } catch {
        next?.cancel()
        throw error
      }
    }
  }

  /// Reads from etcd, not from the API server's cache.
  public func get(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    let type = try await served(type)
    return try await object(.get(type, namespace: namespace, name: name), type)
  }

  /// Reads the `scale` subresource.
  public func scale(
    _ type: ResourceType, namespace: String?, name: String
  ) async throws(ClusterError) -> ClusterObject {
    try await object(.scale(type, namespace: namespace, name: name), type)
  }

  /// Creates the object.
  public func create(
    _ type: ResourceType, namespace: String?, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await object(.create(type, namespace: namespace, json: json), type)
  }

  /// Replaces the object except its status.
  public func update(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    try await object(.update(type, namespace: namespace, name: name, json: json), type)
  }

  /// Replaces the status. A type without a status subresource is replaced whole.
  public func updateStatus(
    _ type: ResourceType, namespace: String?, name: String, json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let request =
      type.hasStatus
      ? KubernetesRequest.updateStatus(type, namespace: namespace, name: name, json: json)
      : KubernetesRequest.update(type, namespace: namespace, name: name, json: json)
    return try await object(request, type)
  }

  /// Lays a merge patch over the object, except its status.
  public func patch(
    _ type: ResourceType, namespace: String?, name: String, mergePatch json: [UInt8]
  ) async throws(ClusterError) -> ClusterObject {
    let type = try await served(type)
    return try await object(.patch(type, namespace: namespace, name: name, mergePatch: json), type)
  }

  /// Deletes the object, if the preconditions hold.
  public func delete(
    _ type: ResourceType, namespace: String?, name: String, preconditions: Preconditions
  ) async throws(ClusterError) {
    _ = try await send(
      .delete(type, namespace: namespace, name: name, preconditions: preconditions), options.requestTimeout)
  }

  /// Bookmarks are asked for. Ends by itself after some minutes.
  public func watch(
    _ type: ResourceType, namespace: String?, from: ResourceVersion,
    onEvent: @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) {
    let type = try await served(type)
    let seconds = Int.random(in: options.watchSeconds)
    let request = KubernetesRequest.watch(type, namespace: namespace, from: from, seconds: seconds)
    let token = try currentToken()
    var answer = try await watch(request, type, token, seconds, onEvent)
    if answer.status == 401, try hasNewerToken(than: token) {
      answer = try await watch(request, type, try currentToken(), seconds, onEvent)
    }
    try answer.finish(asking: request.summary)
  }

  /// The version the API server says it has: `v1.20.2`.
  public func serverVersion() async throws(ClusterError) -> String {
    let body = try await send(KubernetesRequest(method: .get, path: "/version"), options.requestTimeout)
    var reader = AnswerReader()
    return try reader.version(body)
  }

  /// One page of a list, asked for while the one before is still being read.
  private struct ListPage {
    private let task: Task<Result<[UInt8], ClusterError>, Never>

    init(_ cluster: KubernetesCluster, _ type: ResourceType, _ namespace: String?, continuing: String?) {
      let request = KubernetesRequest.list(type, namespace: namespace, continuing: continuing)
      task = Task {
        do throws(ClusterError) {
          return .success(try await cluster.send(request, cluster.options.listTimeout))
        } catch { return .failure(error) }
      }
    }

    func body() async throws(ClusterError) -> [UInt8] {
      try await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }.get()
    }

    func cancel() { task.cancel() }
  }

  // MARK: sending

  private func object(_ request: KubernetesRequest, _ type: ResourceType) async throws(ClusterError)
    -> ClusterObject
  {
    let body = try await send(request, options.requestTimeout)
    var reader = AnswerReader()
    return try reader.object(body, type)
  }

  /// The body of a good answer.
  private func send(_ request: KubernetesRequest, _ timeout: Duration) async throws(ClusterError) -> [UInt8] {
    let token = try currentToken()
    var response = try await once(request, token, timeout)
    if response.status == 401, try hasNewerToken(than: token) {
      response = try await once(request, try currentToken(), timeout)
    }
    guard (200...299).contains(response.status) else {
      var reader = AnswerReader()
      throw reader.failure(
        status: response.status, retryAfter: response.headers.first("retry-after"), body: response.body,
        asking: request.summary)
    }
    return response.body
  }

  private func once(
    _ request: KubernetesRequest, _ token: String?, _ timeout: Duration
  ) async throws(ClusterError) -> HTTPClientResponse {
    do throws(HTTPClientError) {
      return try await client.send(
        request.http(base: server.path, token: token, userAgent: userAgent), timeout: timeout)
    } catch {
      throw ClusterError(error, asking: request.summary, server)
    }
  }

  private func watch(
    _ request: KubernetesRequest, _ type: ResourceType, _ token: String?, _ seconds: Int,
    _ onEvent: @Sendable (WatchEvent) async throws(ClusterError) -> Void
  ) async throws(ClusterError) -> WatchAnswer {
    let answer = WatchAnswer(type, maximumEventBytes: options.maximumEventBytes)
    do {
      try await client.stream(
        request.http(base: server.path, token: token, userAgent: userAgent), timeout: .seconds(seconds + 30)
      ) { status, headers in
        answer.begin(status: status, retryAfter: headers.first("retry-after"))
      } onData: { bytes in
        for event in try answer.events(adding: bytes) { try await onEvent(event) }
      }
    } catch let error as ClusterError {
      throw error
    } catch let error as HTTPClientError {
      throw ClusterError(error, asking: request.summary, server)
    } catch {
      throw .unavailable("\(request.summary) failed: \(error)")
    }
    return answer
  }

  private func currentToken() throws(ClusterError) -> String? {
    do throws(AccessError) {
      return try tokens.current(now: MonotonicClock.now())
    } catch {
      throw .unauthorized(error.description)
    }
  }

  private func hasNewerToken(than token: String?) throws(ClusterError) -> Bool {
    do throws(AccessError) {
      return try tokens.replace(token, now: MonotonicClock.now())
    } catch {
      throw .unauthorized(error.description)
    }
  }
}

extension ClusterError {
  init(_ error: HTTPClientError, asking summary: String, _ server: ServerURL) {
    let sentence = "\(summary) at \(server) failed: \(error)"
    switch error {
    case .cancelled: self = .cancelled
    case .deadlineExceeded: self = .timeout(sentence)
    case .badResponse, .responseTooLarge: self = .malformed(sentence)
    case .overloaded: self = .tooManyRequests(retryAfter: nil)
    case .unreachable, .connectionLost, .reset, .closed: self = .unavailable(sentence)
    }
  }
}
