internal import TLS

extension Connection {
  /// One `recv`, and everything that follows from it. What is left in the kernel is reported again.
  func receive() {
    let buffer = reactor.receiveBuffer
    switch socket.receive(buffer) {
    case .bytes(0):
      peerEnded(clean: tls == nil)
    case .bytes(let count):
      traffic.bytesIn.add(count)
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    case .wouldBlock:
      break
    case .failed(let code):
      close(.broken(SystemError("recv", code)))
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    switch phase {
    case .open, .handshaking:
      if let tls {
        tls.receive(bytes) { decrypt(tls) }
      } else {
        handler?.connection(self, received: bytes)
      }
    // Said after the end: not listened to.
    case .closing, .lingering, .closed, .connecting: break
    }
  }

  private func decrypt(_ tls: TLSSession) {
    if phase == .handshaking { continueHandshake(tls) }
    let buffer = reactor.plaintextBuffer
    while phase == .open {
      switch tls.read(into: buffer) {
      case .bytes(let count):
        handler?.connection(self, received: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        if !tls.mayHaveMore { return }
      case .wantsRead:
        return
      case .closed:
        return peerEnded(clean: true)
      case .failed(let error):
        return closeAfterOutput(.tls(error))
      }
    }
  }

  /// Takes the next step; its output goes out with the flush that follows.
  func continueHandshake(_ tls: TLSSession) {
    switch tls.handshake() {
    case .wantsRead:
      break
    case .failed(let error):
      closeAfterOutput(.handshakeFailed(error))
    case .done:
      phase = .open
      phaseDeadline = .max
      updateDeadline()
      handler?.connectionOpened(self)
    }
  }

  private func peerEnded(clean: Bool) {
    guard !inputHasEnded else { return }
    inputHasEnded = true
    switch phase {
    case .open: handler?.connection(self, inputEnded: clean)
    case .handshaking: close(.handshakeAbandoned)
    case .lingering: close(closeReason)
    case .connecting, .closing, .closed: break
    }
  }
}
