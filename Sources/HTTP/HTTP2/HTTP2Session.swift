internal import CNghttp2

/// One `nghttp2_session`. Its owner is the machine that made it, which the callbacks find in `user_data`: it keeps this value
/// for itself and calls `delete` once, at its own end at the latest.
///
/// A plain handle and not a noncopyable owner, because callbacks come back into the machine while it uses the session: each
/// use is then a load, without a check for overlapping accesses.
///
/// Nothing here may be called from inside `receive` or `nextOutput` except what is said to be allowed in callbacks.
struct HTTP2Session {
  private let handle: OpaquePointer

  /// The server's side, with the limits nghttp2 can keep by itself. Queues our SETTINGS.
  init(serverFor owner: UnsafeMutableRawPointer, callbacks: HTTP2Callbacks, limits: HTTPLimits) {
    handle = Self.make { session, options in
      nghttp2_option_set_no_closed_streams(options, 1)
      nghttp2_option_set_max_settings(options, limits.settingsEntries)
      nghttp2_option_set_max_outbound_ack(options, limits.outboundAcknowledgements)
      // Both floods are counted exactly by the meter in front. nghttp2 counts a CONTINUATION again for each piece in which its
      // frame header arrives, and resets by a clock of its own.
      nghttp2_option_set_max_continuations(options, limits.continuations * HTTP2.frameHeaderBytes)
      nghttp2_option_set_stream_reset_rate_limit(
        options, max(100, limits.streamResets.burst), max(10, limits.streamResets.perSecond))
      return nghttp2_session_server_new2(&session, callbacks.handle, owner, options)
    }
    submitSettings([
      (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams),
      (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
      (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerBytes),
      (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ])
    setConnectionWindow(limits.connectionWindow)
  }

  /// The client's side: no push, windows as given, bytes are consumed by `consume`.
  init(
    clientFor owner: UnsafeMutableRawPointer, callbacks: HTTP2Callbacks, headerBytes: Int, streamWindow: Int,
    connectionWindow: Int
  ) {
    handle = Self.make { session, options in
      nghttp2_option_set_no_closed_streams(options, 1)
      nghttp2_option_set_no_auto_window_update(options, 1)
      nghttp2_option_set_peer_max_concurrent_streams(options, 100)
      return nghttp2_session_client_new2(&session, callbacks.handle, owner, options)
    }
    submitSettings([
      (NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
      (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, streamWindow),
      (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headerBytes),
    ])
    setConnectionWindow(connectionWindow)
  }

  /// Frees the session; it is not used again. Not allowed in callbacks.
  func delete() { nghttp2_session_del(handle) }

  private static func make(_ create: (inout OpaquePointer?, OpaquePointer) -> Int32) -> OpaquePointer {
    var options: OpaquePointer?
    guard nghttp2_option_new(&options) == 0, let options else { preconditionFailure("nghttp2 has no memory") }
    defer { nghttp2_option_del(options) }
    var session: OpaquePointer?
    guard create(&session, options) == 0, let session else { preconditionFailure("nghttp2 has no memory") }
    return session
  }

  private func submitSettings(_ settings: [(nghttp2_settings_id, Int)]) {
    let entries = settings.map { id, value in
      nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
    }
    let result = nghttp2_submit_settings(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
    precondition(result == 0, "our own settings are valid")
  }

  private func setConnectionWindow(_ bytes: Int) {
    let result = nghttp2_session_set_local_window_size(
      handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: bytes))
    precondition(result == 0, "our own window is valid")
  }

  // MARK: Bytes

  /// Reads bytes; calls back. False: the session is broken and may only be given up.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return true }
    return nghttp2_session_mem_recv(handle, base.assumingMemoryBound(to: UInt8.self), bytes.count) >= 0
  }

  /// What came of asking for the next frame to send.
  enum Output {
    /// Valid until the session is used again.
    case bytes(UnsafeRawBufferPointer)
    case nothing
    case broken
  }

  /// The next frame to send. DATA frames go by the send-data callback instead, before this returns.
  func nextOutput() -> Output {
    var data: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(handle, &data)
    if count < 0 { return .broken }
    guard count > 0, let data else { return .nothing }
    return .bytes(UnsafeRawBufferPointer(start: data, count: count))
  }

  /// Neither side has anything to say any more.
  var isOver: Bool { nghttp2_session_want_read(handle) == 0 && nghttp2_session_want_write(handle) == 0 }
  /// False once GOAWAY was sent and its streams are done, or the peer broke the protocol.
  var wantsInput: Bool { nghttp2_session_want_read(handle) != 0 }
  var wantsOutput: Bool { nghttp2_session_want_write(handle) != 0 }

  // MARK: Streams; all of this is allowed in callbacks

  /// What was attached to a stream, or nil if there is no such stream.
  func attachment(of stream: Int32) -> UnsafeMutableRawPointer? {
    nghttp2_session_get_stream_user_data(handle, stream)
  }

  func attach(_ pointer: UnsafeMutableRawPointer, to stream: Int32) {
    let result = nghttp2_session_set_stream_user_data(handle, stream, pointer)
    precondition(result == 0, "the stream was told by the session itself")
  }

  /// Queues an answer; false if the stream cannot be answered any more. `body` nil: there is none.
  func submitResponse(
    _ stream: Int32, _ fields: UnsafeBufferPointer<nghttp2_nv>, body: HTTP2BodySource?
  ) -> Bool {
    guard let body else {
      return nghttp2_submit_response(handle, stream, fields.baseAddress, fields.count, nil) == 0
    }
    var provider = body.provider
    return nghttp2_submit_response(handle, stream, fields.baseAddress, fields.count, &provider) == 0
  }

  /// Queues `100 Continue`.
  func submitContinue(_ stream: Int32) {
    var block = HTTP2HeaderBlock()
    block.add(":status", decimal: 100)
    block.withFields { fields in
      _ = nghttp2_submit_headers(
        handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields.baseAddress, fields.count, nil)
    }
  }

  /// Queues a request; nil if no further stream can be opened.
  func submitRequest(
    _ block: inout HTTP2HeaderBlock, body: HTTP2BodySource?, attachment: UnsafeMutableRawPointer
  ) -> Int32? {
    let stream = block.withFields { fields in
      guard let body else {
        return nghttp2_submit_request(handle, nil, fields.baseAddress, fields.count, nil, attachment)
      }
      var provider = body.provider
      return nghttp2_submit_request(handle, nil, fields.baseAddress, fields.count, &provider, attachment)
    }
    return stream > 0 ? stream : nil
  }

  func reset(_ stream: Int32, _ code: UInt32) {
    _ = nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code)
  }

  /// Gives flow-control credit back for body bytes that were used.
  func consume(_ count: Int, of stream: Int32) { _ = nghttp2_session_consume(handle, stream, count) }
  /// The same for a stream that is gone: the connection's window alone.
  func consumeConnection(_ count: Int) {
    if count > 0 { _ = nghttp2_session_consume_connection(handle, count) }
  }

  func ping() { _ = nghttp2_submit_ping(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil) }

  // MARK: The end

  /// First step of a good end: the peer learns that no stream beyond those on their way will be taken.
  func announceEnd() { _ = nghttp2_submit_shutdown_notice(handle) }

  /// Second step: streams beyond the last one begun are refused.
  func end() {
    _ = nghttp2_submit_goaway(
      handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), lastPeerStream, HTTP2.ErrorCode.noError, nil, 0)
  }

  /// The highest stream of the peer's that was looked at.
  var lastPeerStream: Int32 { nghttp2_session_get_last_proc_stream_id(handle) }

  /// How many streams the peer lets us have at a time.
  var peerConcurrentStreams: Int {
    Int(nghttp2_session_get_remote_settings(handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }
}

/// Where nghttp2 finds the body of a message: the stream object that holds it, and who reads it.
struct HTTP2BodySource {
  let provider: nghttp2_data_provider

  /// `stream` must live until the session says that the stream is closed.
  init(stream: UnsafeMutableRawPointer, read: nghttp2_data_source_read_callback) {
    provider = nghttp2_data_provider(source: nghttp2_data_source(ptr: stream), read_callback: read)
  }
}

/// A set of callbacks, made once per kind of machine and never changed.
// SAFETY: nghttp2 copies the set into each new session and only reads it; nobody writes it after `init`.
final class HTTP2Callbacks: @unchecked Sendable {
  fileprivate let handle: OpaquePointer

  init(_ fill: (OpaquePointer) -> Void) {
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks else {
      preconditionFailure("nghttp2 has no memory")
    }
    fill(callbacks)
    handle = callbacks
  }

  deinit { nghttp2_session_callbacks_del(handle) }
}
