internal import CLinux
internal import TLS

extension Connection {
  /// Bytes that wait for the peer to take them.
  public var pendingOutput: Int {
    if let tls { tls.output.count } else { plainOutput.count - plainOutputStart }
  }

  /// Queues bytes; they go out when the loop comes round. Dropped unless the connection is open.
  public func write(_ bytes: UnsafeRawBufferPointer) {
    guard phase == .open, !bytes.isEmpty else { return }
    if let tls {
      if case .failed(let error) = tls.write(bytes) { return close(.tls(error)) }
    } else {
      plainOutput.append(contentsOf: bytes)
    }
    if !isBeingFlushed { setNeedsFlush() }
  }

  /// Asks for `produceOutput` before the loop waits again.
  public func setNeedsFlush() {
    guard !needsFlush, phase != .closed else { return }
    needsFlush = true
    reactor.flushLater(self)
  }

  /// Lets the handler write, sends what there is, and waits for writability only if the peer took less.
  func flush() {
    needsFlush = false
    guard phase != .closed else { return }
    isBeingFlushed = true
    defer { isBeingFlushed = false }
    // What is pending from earlier makes room first: the handler is asked for no more than the peer takes.
    if pendingOutput > limits.highWater { send() }
    if phase == .open, pendingOutput <= limits.highWater { handler?.produceOutput(self) }
    guard phase != .closed else { return }
    send()
    guard phase != .closed else { return }
    let pending = pendingOutput
    if pending > limits.maximumPendingOutput { return close(.outputLimit) }
    if pending == 0, phase == .closing { outputIsGone() }
    if phase != .closed { waitForEvents(pending) }
  }

  private func send() {
    let outcome: SystemCall.Transfer
    if let tls {
      let output = tls.output
      if output.isEmpty { return }
      outcome = socket.send(output)
    } else {
      if plainOutput.isEmpty { return }
      outcome = plainOutput.withUnsafeBytes {
        socket.send(UnsafeRawBufferPointer(rebasing: $0[plainOutputStart...]))
      }
    }
    switch outcome {
    case .bytes(let count): sent(count)
    case .wouldBlock: break
    case .failed(let code): close(.broken(SystemError("send", code)))
    }
  }

  private func sent(_ count: Int) {
    sentCount &+= count
    traffic.bytesOut.add(count)
    if let tls {
      tls.consumeOutput(count)
    } else {
      plainOutputStart += count
      if plainOutputStart == plainOutput.count {
        plainOutput = []
        plainOutputStart = 0
      }
    }
  }

  /// Arms and disarms epoll and the write deadline to fit `pending`. Nothing changes while the peer takes everything.
  private func waitForEvents(_ pending: Int) {
    var wanted: UInt32 = 0
    if pending > 0 {
      wanted = EPOLLOUT.rawValue
      if writeDeadline == .max || sentCount >= writeGoal {
        writeGoal = sentCount + pending
        writeDeadline = reactor.now &+ limits.writeTimeout
        updateDeadline()
      }
    } else if writeDeadline != .max {
      writeDeadline = .max
      updateDeadline()
    }
    if !inputHasEnded, wantsInput || phase != .open, pending <= limits.highWater {
      wanted |= EPOLLIN.rawValue
    }
    if wanted != interest {
      interest = wanted
      reactor.change(self, socket.descriptor.number, wanted)
    }
  }

  /// The last byte before the end is with the kernel: tell the end, and wait for the peer's.
  private func outputIsGone() {
    if inputHasEnded { return close(closeReason) }
    SystemCall.shutdownWrite(socket.descriptor.number)
    phase = .lingering
    phaseDeadline = reactor.now &+ limits.lingerTimeout
    updateDeadline()
  }
}
