internal import CNghttp2

/// What nghttp2 calls on the client's side. Each recovers the machine and forwards one call.
enum HTTP2ClientCallbacks {
  static let table = HTTP2Callbacks { callbacks in
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, owner in
      with(owner) { machine in
        guard let frame else { return failure }
        let isSound = machine.fieldCame(
          frame.pointee.hd.stream_id, UnsafeRawBufferPointer(start: name, count: nameCount),
          UnsafeRawBufferPointer(start: value, count: valueCount))
        return isSound ? 0 : Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
      }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      _, _, stream, bytes, count, owner in
      with(owner) { machine in
        machine.dataCame(stream, UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
      with(owner) { machine in
        guard let frame else { return failure }
        let header = frame.pointee.hd
        machine.frameCame(type: header.type, flags: header.flags, stream: header.stream_id)
        return 0
      }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, owner in
      with(owner) { machine in
        machine.streamClosed(stream, code: code)
        return 0
      }
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, count, source, owner in
      with(owner) { machine in
        guard let header, let pointer = source?.pointee.ptr else { return failure }
        machine.sendData(
          stream(pointer),
          header: UnsafeRawBufferPointer(start: header, count: HTTP2.frameHeaderBytes), count: count)
        return 0
      }
    }
  }

  /// Tells nghttp2 how much of a request's body is left; the bytes themselves go by the send-data callback.
  static let readBody: nghttp2_data_source_read_callback = { _, _, _, limit, flags, source, _ in
    guard let pointer = source?.pointee.ptr, let flags else { return Int(failure) }
    let stream = stream(pointer)
    let left = stream.body.count - stream.sent
    flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
    if left <= limit { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
    return min(left, limit)
  }

  private static let failure = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)

  /// Lends the machine to the closure, without counting a reference: the session is the machine's own.
  @inline(__always)
  private static func with(
    _ owner: UnsafeMutableRawPointer?, _ body: (HTTP2ClientConnection) -> Int32
  ) -> Int32 {
    guard let owner else { return failure }
    return Unmanaged<HTTP2ClientConnection>.fromOpaque(owner)._withUnsafeGuaranteedRef(body)
  }

  @inline(__always)
  private static func stream(_ pointer: UnsafeMutableRawPointer) -> HTTP2ClientStream {
    Unmanaged<HTTP2ClientStream>.fromOpaque(pointer).takeUnretainedValue()
  }
}
