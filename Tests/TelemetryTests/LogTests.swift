import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct LogLineTests {
  private func line(_ format: LogFormat, _ fill: (inout LogLine) -> Void) -> String {
    var bytes = LineBuffer()
    bytes.append("kept ")
    var line = LogLine(
      format, time: 1_709_210_096_789, level: "info", message: "decided\nmore", taking: &bytes)
    fill(&line)
    line.finish(into: &bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  @Test func `writes text with quotes only where they are needed`() {
    let text = line(.text) {
      $0.field("name", "a-b")
      $0.field("user", "two words \"q\"")
      $0.field("empty", "")
      $0.field("dry_run", true)
      $0.milliseconds("ms", nanoseconds: 1_234_567)
    }
    #expect(
      text
        == "kept 2024-02-29T12:34:56.789Z info decided more name=a-b user=\"two words \\\"q\\\"\" dry_run=true ms=1.234\n"
    )
  }

  @Test func `writes one JSON object, control characters escaped`() {
    let text = line(.json) {
      $0.field("name", "a\u{1}\"")
      $0.field("rule", "subnet-canonical" as StaticString)
    }
    #expect(
      text
        == "kept {\"time\":\"2024-02-29T12:34:56.789Z\",\"level\":\"info\",\"message\":\"decided\\u000amore\",\"name\":\"a\\u0001\\\"\",\"rule\":\"subnet-canonical\"}\n"
    )
  }

  @Test(arguments: [
    (UInt64(0), "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
  ])
  func `writes time as RFC 3339`(milliseconds: UInt64, expected: String) {
    var buffer = LineBuffer()
    for _ in 0..<2 { buffer.append(time: milliseconds) }
    #expect(String(decoding: buffer.bytes, as: UTF8.self) == expected + expected)
  }
}

@Suite struct LogSinkTests {
  /// A pipe whose reading end is read to its end once the writing end is closed.
  private func withPipe(_ body: (Int32) -> Void) -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return "no pipe" }
    body(ends[1])
    close(ends[1])
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = read(ends[0], &chunk, chunk.count), count > 0 {
      bytes.append(contentsOf: chunk[..<count])
    }
    close(ends[0])
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `writes every line in order by the time flush returns`() {
    let text = withPipe { descriptor in
      let sink = LogSink(descriptor: descriptor, delayMilliseconds: 10_000)
      for number in 0..<100 { sink.append { $0.append("\(number)\n") } }
      sink.flush()
    }
    #expect(text == (0..<100).map { "\($0)\n" }.joined())
  }

  @Test func `drops and counts lines beyond its capacity`() {
    let text = withPipe { descriptor in
      let sink = LogSink(descriptor: descriptor, capacity: 10, delayMilliseconds: 10_000)
      for _ in 0..<5 { sink.append { $0.append("123456\n") } }
      #expect(sink.droppedLines == 3)
      sink.flush()
    }
    #expect(text == "123456\n123456\n")
  }

  @Test func `carries a logger's label, metadata and error`() {
    struct Broken: Error {}
    let text = withPipe { descriptor in
      let sink = LogSink(descriptor: descriptor)
      var logger = Logger(label: "watch") {
        LineLogHandler(label: $0, sink: sink, format: .text, level: .info)
      }
      logger[metadataKey: "kind"] = "SpiderIPPool"
      logger.debug("unseen")
      logger.warning("ended", metadata: ["after": "3 s"])
      sink.flush()
    }
    #expect(text.hasSuffix(" warning ended logger=watch after=\"3 s\" kind=SpiderIPPool\n"))
    #expect(!text.contains("unseen"))
  }
}
