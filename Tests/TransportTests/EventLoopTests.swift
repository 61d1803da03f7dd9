import Glibc
import TestSupport
import Testing

@testable import Transport

@Suite("Event loops", .timeLimit(.minutes(5)))
struct EventLoopTests {
  @Test func `does work from other threads in order`() async throws {
    let loop = try EventLoop(name: "order")
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    for number in 0..<1_000 {
      loop.execute { _ in continuation.yield(number) }
    }
    loop.execute { _ in continuation.finish() }
    var seen: [Int] = []
    for await number in stream { seen.append(number) }
    #expect(seen == Array(0..<1_000))
    loop.stop()
    await loop.stopped()
  }

  @Test func `refuses work when it is over`() async throws {
    let loop = try EventLoop(name: "over")
    loop.stop()
    await loop.stopped()
    #expect(loop.execute { _ in } == false)
    #expect(await loop.run { _ in 1 } == nil)
    await loop.stopped()
  }

  @Test func `runs the tasks that prefer it on its thread`() async throws {
    let loop = try EventLoop(name: "tasks")
    let own = await loop.run { _ in pthread_self() }
    let seen = await Task(executorPreference: loop) {
      var seen = [currentThread()]
      // Waiting for another thread changes nothing.
      try? await Task.sleep(for: .milliseconds(1))
      seen.append(currentThread())
      await Task.yield()
      seen.append(currentThread())
      return seen
    }.value
    #expect(seen.allSatisfy { $0 == own })
    loop.stop()
    await loop.stopped()
  }

  @Test func `does what work hands over itself before it waits again, and serves others meanwhile`()
    async throws
  {
    let loop = try EventLoop(name: "again")
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    @Sendable func again(_ count: Int) {
      loop.execute { _ in
        continuation.yield(count)
        if count < 1_000 { again(count + 1) } else { continuation.finish() }
      }
    }
    again(1)
    #expect(await loop.run { _ in true } == true)
    var seen: [Int] = []
    for await number in stream { seen.append(number) }
    #expect(seen == Array(1...1_000))
    loop.stop()
    await loop.stopped()
  }

  @Test func `ends the tasks that prefer it when it is over`() async throws {
    let loop = try EventLoop(name: "late")
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    let waiting = Task(executorPreference: loop) {
      for await _ in stream {}
      return true
    }
    loop.stop()
    await loop.stopped()
    continuation.finish()
    #expect(await waiting.value)
    #expect(await Task(executorPreference: loop) { true }.value)
  }

  @Test func `rings alarms in the order of their times`() async throws {
    let loop = try EventLoop(name: "alarms")
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    loop.execute { reactor in
      let start = reactor.now
      for number in [5, 1, 4, 2, 3] {
        Alarm(reactor: reactor) { _ in continuation.yield(number) }.set(start + UInt64(number) * millisecond)
      }
      let cancelled = Alarm(reactor: reactor) { _ in continuation.yield(-1) }
      cancelled.set(start + millisecond)
      cancelled.cancel()
      let moved = Alarm(reactor: reactor) { _ in continuation.finish() }
      moved.set(start + 2 * millisecond)
      moved.set(start + 8 * millisecond)
    }
    var seen: [Int] = []
    for await number in stream { seen.append(number) }
    #expect(seen == [1, 2, 3, 4, 5])
    loop.stop()
    await loop.stopped()
  }

  @Test func `leaves nothing behind when it stops`() async throws {
    let listening = try Socket.listening(on: .loopback(port: 0), count: 1)
    let loop = try EventLoop(name: "gone")
    let left = Left()
    loop.execute { reactor in
      left.reactor = reactor
      let alarm = Alarm(reactor: reactor) { _ in }
      alarm.set(reactor.now + 3_600_000 * millisecond)
      left.alarm = alarm
      guard let socket = listening.sockets[0].take() else { return }
      do {
        let listener = try Listener(socket, reactor: reactor) { _, _ in
        } onTrouble: { _ in
        }
        left.listener = listener
      } catch {
        Issue.record(error)
      }
    }
    #expect(await loop.run { _ in left.isComplete } == true)
    loop.stop()
    await loop.stopped()
    // The thread itself lets go a moment later.
    while !left.isGone { await Task.yield() }
  }

  /// What a loop had, and may not have any more.
  ///
  /// SAFETY: weak references may be read from anywhere; they are written on the loop's thread before they are read.
  private final class Left: @unchecked Sendable {
    weak var reactor: Reactor?
    weak var alarm: Alarm?
    weak var listener: Listener?

    var isComplete: Bool { reactor != nil && alarm != nil && listener != nil }
    var isGone: Bool { reactor == nil && alarm == nil && listener == nil }
  }

  @Test func `keeps its deadlines in order whatever is done to them`() async throws {
    let loop = try EventLoop(name: "heap")
    let isRight = await loop.run { reactor in
      var random = SeededGenerator(seed: 20_26)
      var heap = DeadlineHeap()
      var alarms = (0..<200).map { _ in Alarm(reactor: reactor) { _ in } }
      // Far in the future: the loop's own heap must not ring them meanwhile.
      let base = reactor.now + 3_600_000_000_000
      for alarm in alarms {
        alarm.set(base + random.next() % 1_000)
        alarm.armedDeadline = .max
        alarm.heapIndex = -1
        heap.arm(alarm)
      }
      for alarm in alarms.prefix(50) { heap.remove(alarm) }
      alarms.removeFirst(50)
      var popped: [UInt64] = []
      while let source = heap.popExpired(base + 1_000) { popped.append(source.deadline) }
      return popped == alarms.map(\.deadline).sorted() && heap.count == 0
    }
    #expect(isRight == true)
  }
}

private func currentThread() -> pthread_t { pthread_self() }
